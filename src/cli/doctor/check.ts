/** What the check-up says of one thing. */

export type Check = {
  /** Stable, for scripts. */
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do; null when nothing is. */
  readonly action: string | null
}

export function good(name: string, detail: string): Check {
  return { name, state: 'ok', detail, action: null }
}

export function warning(name: string, detail: string, action: string): Check {
  return { name, state: 'warn', detail, action }
}

export function failing(name: string, detail: string, action: string): Check {
  return { name, state: 'fail', detail, action }
}
