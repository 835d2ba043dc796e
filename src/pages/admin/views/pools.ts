/** The pools below the events: how full each is, and a dialog that makes or changes one. */
import type { Api } from '../api.ts'
import { button, h, setAttribute, setText } from '../dom/element.ts'
import { keyedRows } from '../dom/rows.ts'
import type { Row } from '../dom/rows.ts'
import type { Say } from '../dom/say.ts'
import { cell, row, table } from '../dom/table.ts'
import type { Column } from '../dom/table.ts'
import type { EventDetail, Pool } from '../model/answers.ts'
import { insidePool } from '../model/event-order.ts'
import { countText } from '../model/format.ts'
import { texts } from '../texts.ts'
import { roomMeter, roomText } from './marks.ts'
import { openPoolDialog } from './pool-dialog.ts'

const words = texts.pools
const COLUMNS = {
  pool: { name: 'pool', label: words.columns.pool },
  inside: { name: 'inside', label: words.columns.inside, isNumber: true },
  rate: { name: 'rate', label: words.columns.rate, isNumber: true },
  events: { name: 'events', label: words.columns.events, isNumber: true },
  change: { name: 'change', label: words.columns.change },
} as const satisfies Record<string, Column>

type PoolUse = Pool & { readonly inside: number; readonly events: number }

export type Pools = {
  readonly element: HTMLElement
  update(pools: readonly Pool[], events: readonly EventDetail[]): void
}

export function createPools(api: Api, say: Say, onSaved: () => void): Pools {
  const { element: list, body } = table(words.caption, Object.values(COLUMNS))
  const change = (pool: PoolUse | null): void =>
    openPoolDialog(api, pool, (saved) => {
      say(words.saved(saved.poolId))
      onSaved()
    })
  const showRows = keyedRows(
    body,
    ({ poolId }: PoolUse) => poolId,
    (pool) => poolRow(pool, change),
  )
  const none = h('p', { class: 'empty' }, words.none)
  const create = button(words.create, () => change(null))
  const head = h(
    'div',
    { class: 'head' },
    h('div', {}, h('h2', {}, words.title), h('p', { class: 'lead' }, words.lead)),
    create,
  )
  return {
    element: h('section', { class: 'pools' }, head, h('div', { class: 'card flush' }, list, none)),
    update(pools, events) {
      showRows(pools.map((pool) => ({ ...pool, ...insidePool(pool.poolId, events) })))
      setAttribute(list, 'hidden', pools.length === 0)
      setAttribute(none, 'hidden', pools.length > 0)
    },
  }
}

function poolRow({ poolId }: PoolUse, change: (pool: PoolUse) => void): Row<PoolUse> {
  let shown: PoolUse | null = null
  const inside = h('span', {})
  const meter = roomMeter()
  const rate = cell(COLUMNS.rate)
  const events = cell(COLUMNS.events)
  const edit = button(words.change, () => shown !== null && change(shown), {
    'aria-label': words.changeOf(poolId),
  })
  return {
    element: row(
      cell(COLUMNS.pool, poolId),
      cell(COLUMNS.inside, inside, meter.element),
      rate,
      events,
      cell(COLUMNS.change, edit),
    ),
    update(pool) {
      shown = pool
      setText(inside, roomText(pool.inside, pool.capacity))
      meter.update(pool.inside, pool.capacity)
      setText(rate, pool.admitPerMinute === null ? words.noLimit : countText(pool.admitPerMinute))
      setText(events, countText(pool.events))
    },
  }
}
