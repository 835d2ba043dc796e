/**
 * What a waiting room says, as data: the server renders with it and hands it to the page's script. A language is one file
 * in src/pages/locales, named by its tag. `{braces}` are filled in; everything is plain text.
 */

/** By plural category (Intl.PluralRules); a category that a language has not falls to `other`. */
export type Plural = { readonly [category in Intl.LDMLPluralRule]?: string } & { readonly other: string }

/** The situation, and what it means for the visitor. */
export type PhaseText = { readonly title: string; readonly text: string }

export const PHASES = [
  'joining',
  'outside',
  'waiting',
  'next',
  'drawing',
  'paused',
  'held',
  'scheduled',
  'unopened',
  'admitted',
  'ready',
  'entered',
  'left',
  'expired',
  'completed',
  'lost',
  'replaced',
  'sold_out',
  'closed',
  'refused',
  'stranger',
  'busy',
  'missing',
] as const
export type Phase = (typeof PHASES)[number]

export type Texts = {
  /** Only where the script runs from right to left. */
  readonly direction?: 'rtl'
  readonly phases: Readonly<Record<Phase, PhaseText>>
  /** How the connection is; nothing is said while it is well. */
  readonly away: string
  readonly offline: string

  readonly place: string
  /** `{n}` people stand before this one. */
  readonly ahead: Plural
  readonly behind: string
  readonly wait: string
  readonly pace: string
  /** `{n}` people. */
  readonly perMinute: Plural
  /** `{time}` with its unit, as `12 minutes` or `3–5 minutes`. */
  readonly about: string
  readonly underOneMinute: string
  readonly unknown: string
  readonly progress: string

  readonly nextHeading: string
  readonly nextWaiting: string
  readonly nextDrawing: string
  readonly nextScheduled: string

  /** `{time}` as `4:05`. */
  readonly enterWithin: string
  readonly opensIn: string
  /** `{time}` as a date. */
  readonly opensAt: string
  /** `{n}` seconds. */
  readonly goingIn: Plural

  readonly enter: string
  readonly notYet: string
  readonly leave: string
  readonly leaveSure: string
  readonly join: string
  readonly again: string
  readonly here: string
  readonly look: string
  readonly soundOn: string
  readonly soundOff: string

  /** Read out when half of the way is done. */
  readonly nowAt: string
  readonly noScript: string
}
