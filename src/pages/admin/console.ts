/** What every view works with, and what a view is. */
import type { Api } from './api.ts'
import type { Say } from './dom/say.ts'
import type { LiveStatus } from './live-status.ts'
import type { Route } from './model/route.ts'

export type Console = {
  readonly api: Api
  /** Says what happened, seen and read out. */
  readonly say: Say
  readonly go: (route: Route) => void
  /** A call found that the session is over: the way in is shown. Calls of `api` do this themselves. */
  readonly signedOut: () => void
  /** How fresh the live data is that is shown. */
  readonly liveStatus: LiveStatus
}

export type View = {
  /** With one h1, which gets the focus when the operator comes here. */
  readonly element: HTMLElement
  readonly title: string
  /** The session is back after it had ended: asks again for what is shown. */
  resume(): void
  /** Ends everything that is under way. */
  stop(): void
}
