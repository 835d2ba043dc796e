/** The seats of an event and what was paid for them, where any are sold; and the payments that wait for an operator. */
import type { Console } from '../console.ts'
import { confirm } from '../dom/dialog.ts'
import { button, h, setAttribute, setChildren, setText } from '../dom/element.ts'
import { keyedRows } from '../dom/rows.ts'
import type { Row } from '../dom/rows.ts'
import { cell, row, table } from '../dom/table.ts'
import type { Column } from '../dom/table.ts'
import type { PaymentDetail, Resolution, SaleFigures } from '../model/answers.ts'
import { failureText } from '../model/failure.ts'
import { countText, durationText } from '../model/format.ts'
import { paymentsIn, resolutionsOf, waitsForOperator } from '../model/sale.ts'
import { texts } from '../texts.ts'
import { fact, instant } from './marks.ts'

const words = texts.event.sale
const COLUMNS = {
  payment: { name: 'payment', label: words.columns.payment },
  visitor: { name: 'visitor', label: words.columns.visitor },
  amount: { name: 'amount', label: words.columns.amount, isNumber: true },
  begun: { name: 'begun', label: words.columns.begun },
  act: { name: 'act', label: words.columns.act },
} as const satisfies Record<string, Column>

export type EventSale = {
  readonly element: HTMLElement
  /** Stands where everybody looks. */
  readonly notice: HTMLElement
  /** @param nowMs by the server's clock. */
  update(sale: SaleFigures, nowMs: number): void
}

/** @param onResolved a payment was settled: the figures are others now. */
export function createEventSale(console: Console, eventId: string, onResolved: () => void): EventSale {
  const notice = h('p', { class: 'notice', hidden: true })
  const figures = h('dl', { class: 'facts' })
  const { element: list, body } = table(words.open, Object.values(COLUMNS))
  const showRows = keyedRows(
    body,
    // A payment that goes from one state to another has other buttons.
    ({ paymentId, state }: PaymentDetail) => `${paymentId} ${state}`,
    (payment) => paymentRow(payment, (as) => void ask(console, eventId, payment, as, onResolved)),
  )
  const open = h('div', { class: 'payments', hidden: true }, list)
  const element = h('section', { class: 'card sale', hidden: true }, h('h2', {}, words.title), figures, open)
  let shown = ''

  const showOpen = async (sale: SaleFigures): Promise<void> => {
    const states = waitsForOperator(sale)
    const answers = await Promise.all(states.map((state) => console.api.payments(eventId, state)))
    // What did not answer stays as it was; the figures are asked for again soon.
    if (!answers.every((answer) => answer.ok)) return
    showRows(answers.flatMap((answer) => answer.value.payments))
    setAttribute(open, 'hidden', states.length === 0)
  }

  return {
    element,
    notice,
    update(sale, nowMs) {
      const { seats, oldestStuckAt } = sale
      const stuck = paymentsIn(sale, 'stuck')
      setAttribute(element, 'hidden', seats.free + seats.held + seats.sold === 0)
      setAttribute(notice, 'hidden', stuck === 0)
      if (oldestStuckAt !== null) {
        const seconds = (nowMs - Date.parse(oldestStuckAt)) / 1_000
        setText(notice, words.stuckMeans(countText(stuck), durationText(seconds)))
      }
      const facts = factsOf(sale)
      const key = JSON.stringify(facts)
      if (key !== shown) setChildren(figures, ...facts.map(([label, value]) => fact(label, value)))
      shown = key
      void showOpen(sale)
    },
  }
}

function factsOf(sale: SaleFigures): [label: string, value: string][] {
  const { seats, owed } = sale
  const facts: [string, number][] = [
    [words.free, seats.free],
    [words.held, seats.held],
    [words.sold, seats.sold],
    [words.pending, paymentsIn(sale, 'pending')],
    [words.paid, paymentsIn(sale, 'paid')],
    [words.stuck, paymentsIn(sale, 'stuck')],
    [words.refundsDue, paymentsIn(sale, 'refund_due')],
    [words.webhooks, owed.webhook],
  ]
  return facts.map(([label, count]) => [label, countText(count)])
}

function paymentRow(payment: PaymentDetail, resolve: (as: Resolution) => void): Row<PaymentDetail> {
  const { paymentId, reference, userId, amount, createdAt } = payment
  const buttons = resolutionsOf(payment).map((as) =>
    button(words.acts[as].label, () => resolve(as), { 'aria-haspopup': 'dialog' }),
  )
  return {
    element: row(
      cell(COLUMNS.payment, h('code', {}, reference ?? paymentId)),
      cell(COLUMNS.visitor, userId),
      cell(COLUMNS.amount, countText(amount)),
      cell(COLUMNS.begun, instant(createdAt)),
      cell(COLUMNS.act, ...buttons),
    ),
    // All that is shown of it stays as it is while it is in this state.
    update() {},
  }
}

async function ask(
  { api, say }: Console,
  eventId: string,
  { paymentId }: PaymentDetail,
  as: Resolution,
  onResolved: () => void,
): Promise<void> {
  const { title, means, confirm: yes, done } = words.acts[as]
  await confirm({
    title,
    means,
    confirm: yes,
    cancel: texts.cancel,
    isFinal: true,
    async run() {
      const answer = await api.resolvePayment(eventId, paymentId, as)
      if (!answer.ok) return failureText(answer.error)
      say(done)
      onResolved()
      return null
    },
  })
}
