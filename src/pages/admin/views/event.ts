/** One event, live: how it stands, what can be done to it, and how it came here. */
import type { Console, View } from '../console.ts'
import { h, setAttribute, setChildren } from '../dom/element.ts'
import { live } from '../live.ts'
import type { EventDetail } from '../model/answers.ts'
import { saleDelayMs } from '../model/sale.ts'
import { failureText } from '../model/failure.ts'
import type { Failure } from '../model/failure.ts'
import { texts } from '../texts.ts'
import { createEventCharts } from './event-charts.ts'
import { createEventControls } from './event-controls.ts'
import { createEventFacts } from './event-facts.ts'
import { createEventFigures } from './event-figures.ts'
import { createEventHead } from './event-head.ts'
import { createEventSale } from './event-sale.ts'
import { messageView } from './message.ts'

/** A sample is ten seconds; half of that shows it soon. */
const SERIES_EVERY_MS = 5_000

export function eventView(console: Console, eventId: string): View {
  const { api, liveStatus, go } = console
  const changed = (event: EventDetail | null): void =>
    event === null ? go({ page: 'events' }) : asking.accept(event)
  const head = createEventHead(console, eventId, changed)
  const figures = createEventFigures()
  const controls = createEventControls(console, changed)
  const charts = createEventCharts(() => askingSeries.refresh())
  const facts = createEventFacts(console, eventId)
  const sale = createEventSale(console, eventId, () => askingSale.refresh())
  const holding = h('p', { class: 'notice', hidden: true }, texts.holdingMeans)
  const side = h('div', { class: 'side' }, controls.element, facts.element)
  const columns = h('div', { class: 'columns' }, charts.element, side)
  const notices = [holding, sale.notice]
  const content = h('div', { hidden: true }, ...notices, figures.element, sale.element, columns)
  const loading = h('p', { class: 'loading' }, texts.loading)
  const element = h('div', { class: 'event' }, head.element, loading, content)
  let admitPerMinute: number | null = null

  const asking = live<EventDetail>({
    ask: (signal) => api.event(eventId, signal),
    show(event) {
      liveStatus.fresh(Date.now())
      admitPerMinute = event.admitPerMinute
      for (const part of [head, figures, controls, facts]) part.update(event)
      setAttribute(holding, 'hidden', !event.holding)
      setAttribute(content, 'hidden', false)
      setAttribute(loading, 'hidden', true)
    },
    failed(failure, nextAtMs) {
      if (!isGone(failure)) return liveStatus.failed(failure, nextAtMs)
      stop()
      liveStatus.end()
      setChildren(element, messageView(eventId, failureText(failure)).element)
    },
  })
  const askingSeries = live({
    ask: (signal) => api.series(eventId, charts.minutes(), signal),
    show(series) {
      charts.update(series, admitPerMinute, api.nowMs())
      figures.updateSeries(series, api.nowMs())
    },
    // While nothing answers the banner says so; this is for what concerns the history alone.
    failed: (failure) => failure.kind === 'problem' && charts.failed(failureText(failure)),
    everyMs: () => SERIES_EVERY_MS,
  })
  let saleEveryMs = SERIES_EVERY_MS
  const askingSale = live({
    ask: (signal) => api.sale(eventId, signal),
    show(figuresOfSale) {
      saleEveryMs = saleDelayMs(figuresOfSale)
      sale.update(figuresOfSale, api.nowMs())
    },
    // What is shown stays; while nothing answers the banner says so.
    failed() {},
    everyMs: () => saleEveryMs,
  })
  const stop = (): void => {
    asking.stop()
    askingSale.stop()
    askingSeries.stop()
  }
  const resume = (): void => {
    asking.refresh()
    askingSale.refresh()
    askingSeries.refresh()
  }
  liveStatus.begin(() => resume())
  return { element, title: eventId, resume, stop }
}

function isGone(failure: Failure): boolean {
  return failure.kind === 'problem' && failure.code === 'event-not-found'
}
