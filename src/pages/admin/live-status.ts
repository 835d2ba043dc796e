/** Tells how fresh the live data of the view is: a mark while it is, a banner with its age while it is not. */
import { button, h, setAttribute, setText } from './dom/element.ts'
import type { Say } from './dom/say.ts'
import { failureText } from './model/failure.ts'
import type { Failure } from './model/failure.ts'
import { clockText, durationText } from './model/format.ts'
import { texts } from './texts.ts'

/** One refusal that the next attempt mends is not worth a banner. */
const FAILURES_SHOWN = 2

export type LiveStatus = {
  /** In the header. */
  readonly mark: HTMLElement
  /** Over the content. */
  readonly banner: HTMLElement
  /** @param tryNow for the banner's button. */
  begin(tryNow: () => void): void
  fresh(atMs: number): void
  failed(failure: Failure, nextAtMs: number): void
  /** Nothing live is shown any more. */
  end(): void
}

type Trouble = { readonly failure: Failure; readonly sinceMs: number; nextAtMs: number; count: number }

export function createLiveStatus(say: Say): LiveStatus {
  let freshAtMs: number | null = null
  let trouble: Trouble | null = null
  let tryNow = (): void => {}
  const clock = h('span', { class: 'clock' })
  const mark = h(
    'p',
    { class: 'live-mark', hidden: true },
    h('span', { class: 'dot' }),
    texts.live.on,
    ' ',
    clock,
  )
  const what = h('p', { class: 'what' })
  const when = h('p', { class: 'when' })
  const banner = h(
    'div',
    { class: 'banner', hidden: true },
    h('div', {}, what, when),
    button(texts.live.tryNow, () => tryNow()),
  )

  const render = (): void => {
    const isShown =
      trouble !== null && (trouble.count >= FAILURES_SHOWN || freshAtMs === null || !navigator.onLine)
    setAttribute(banner, 'hidden', !isShown)
    setAttribute(mark, 'hidden', isShown || freshAtMs === null)
    setAttribute(document.body, 'data-stale', isShown)
    if (freshAtMs !== null) setText(clock, texts.live.updated(clockText(freshAtMs)))
    if (trouble === null || !isShown) return
    setText(what, `${texts.live.lost(clockText(trouble.sinceMs))} ${reasonOf(trouble.failure)}`)
    setText(when, `${ageText(freshAtMs)} ${waitText(trouble.nextAtMs)}`)
  }
  setInterval(render, 1_000)

  return {
    mark,
    banner,
    begin(again) {
      tryNow = again
      freshAtMs = null
      trouble = null
      render()
    },
    fresh(atMs) {
      if (!banner.hidden) say(texts.live.backAgain)
      freshAtMs = atMs
      trouble = null
      render()
    },
    failed(failure, nextAtMs) {
      trouble = {
        failure,
        sinceMs: trouble?.sinceMs ?? Date.now(),
        nextAtMs,
        count: (trouble?.count ?? 0) + 1,
      }
      const wasShown = !banner.hidden
      render()
      // Once; the age in the banner counts on in silence.
      if (!wasShown && !banner.hidden) say(what.textContent)
    },
    end() {
      freshAtMs = null
      trouble = null
      render()
    },
  }
}

function reasonOf(failure: Failure): string {
  return navigator.onLine ? failureText(failure) : texts.live.offline
}

function ageText(freshAtMs: number | null): string {
  return freshAtMs === null
    ? texts.live.never
    : texts.live.age(durationText((Date.now() - freshAtMs) / 1_000))
}

function waitText(nextAtMs: number): string {
  const seconds = Math.ceil((nextAtMs - Date.now()) / 1_000)
  return seconds <= 0 ? texts.live.trying : texts.live.again(durationText(seconds))
}
