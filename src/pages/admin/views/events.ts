/** All events at a glance, live, and the pools that they share. */
import type { Console, View } from '../console.ts'
import { h, setAttribute, setText } from '../dom/element.ts'
import { keyedRows } from '../dom/rows.ts'
import type { Row } from '../dom/rows.ts'
import { cell, row, table } from '../dom/table.ts'
import type { Column } from '../dom/table.ts'
import { live } from '../live.ts'
import type { EventDetail } from '../model/answers.ts'
import { inOrderOfAttention } from '../model/event-order.ts'
import { countText, NONE, rateText } from '../model/format.ts'
import { listEveryMs } from '../model/poll-delay.ts'
import { look, pacePerMinute } from '../model/pace.ts'
import type { Seen } from '../model/pace.ts'
import { scheduleText } from '../model/settings.ts'
import { hashOf } from '../model/route.ts'
import { texts } from '../texts.ts'
import { roomMeter, roomText, statusMark } from './marks.ts'
import { createPools } from './pools.ts'

const words = texts.events
const COLUMNS = {
  event: { name: 'event', label: words.columns.event },
  status: { name: 'status', label: words.columns.status },
  waiting: { name: 'waiting', label: words.columns.waiting, isNumber: true },
  inside: { name: 'inside', label: words.columns.inside, isNumber: true },
  pace: { name: 'pace', label: words.columns.pace, isNumber: true },
  streams: { name: 'streams', label: words.columns.streams, isNumber: true },
} as const satisfies Record<string, Column>

export function eventsView({ api, say, liveStatus }: Console): View {
  const { element: list, body } = table(words.caption, Object.values(COLUMNS))
  const showRows = keyedRows(body, ({ eventId }: EventDetail) => eventId, eventRow)
  const none = h('div', { class: 'empty', hidden: true }, h('p', {}, words.none), h('p', {}, words.noneHint))
  const loading = h('p', { class: 'loading' }, texts.loading)
  list.hidden = true
  const pools = createPools(api, say, () => asking.refresh())
  const show = (events: readonly EventDetail[]): void => {
    showRows(inOrderOfAttention(events))
    setAttribute(loading, 'hidden', true)
    setAttribute(list, 'hidden', events.length === 0)
    setAttribute(none, 'hidden', events.length > 0)
  }
  const asking = live({
    async ask(signal) {
      const [events, known] = await Promise.all([api.events(signal), api.pools(signal)])
      if (!events.ok) return events
      return known.ok ? { ok: true, value: { events: events.value.events, pools: known.value.pools } } : known
    },
    show({ events, pools: known }) {
      liveStatus.fresh(Date.now())
      show(events)
      pools.update(known, events)
    },
    failed: (failure, nextAtMs) => liveStatus.failed(failure, nextAtMs),
    everyMs: () => listEveryMs(body.children.length),
  })
  liveStatus.begin(() => asking.refresh())
  const create = h('a', { class: 'button primary', href: hashOf({ page: 'new-event' }) }, words.create)
  const head = h('div', { class: 'head' }, h('h1', { tabindex: -1 }, words.title), create)
  return {
    element: h(
      'div',
      { class: 'events' },
      head,
      h('div', { class: 'card flush' }, loading, list, none),
      pools.element,
    ),
    title: words.title,
    resume: () => asking.refresh(),
    stop: () => asking.stop(),
  }
}

function eventRow({ eventId }: EventDetail): Row<EventDetail> {
  const name = h('a', { href: hashOf({ page: 'event', eventId }) })
  const status = statusMark()
  const schedule = h('small', {})
  const waiting = cell(COLUMNS.waiting)
  const inside = h('span', {})
  const meter = roomMeter()
  const pace = h('span', {})
  const limit = h('small', {})
  const streams = cell(COLUMNS.streams)
  let seen: Seen[] = []
  return {
    element: row(
      cell(COLUMNS.event, name, h('small', { class: 'id' }, eventId)),
      cell(COLUMNS.status, status.element, schedule),
      waiting,
      cell(COLUMNS.inside, inside, meter.element),
      cell(COLUMNS.pace, pace, limit),
      streams,
    ),
    update(event) {
      seen = look(seen, { atMs: Date.now(), total: event.admittedTotal })
      const perMinute = pacePerMinute(seen)
      setText(name, event.name)
      status.update(event)
      setText(schedule, scheduleText(event))
      setText(waiting, countText(event.waiting))
      setText(inside, roomText(event.admitted, event.capacity))
      meter.update(event.admitted, event.capacity)
      setText(pace, perMinute === null ? NONE : words.perMinute(rateText(perMinute)))
      setText(limit, event.admitPerMinute === null ? '' : words.paceLimit(countText(event.admitPerMinute)))
      setText(streams, countText(event.streams))
    },
  }
}
