/** Which actions an operator is offered: what the event's status allows, and what changes something. */
import type { EventAction, EventStatusName } from '../../../core/event-config.ts'
import { transition } from '../../../core/transitions.ts'

export type Act = EventAction | 'delete'

/** Ends everybody's wait, or deletes: asked for with a warning, and with the focus on the way out. */
const FINAL: ReadonlySet<Act> = new Set(['sold-out', 'close', 'delete'])

export function isFinal(act: Act): boolean {
  return FINAL.has(act)
}

/** In the order in which they are shown: what goes on, what can be taken back, what cannot. */
const ORDER: readonly EventAction[] = ['open', 'resume', 'pause', 'sold-out', 'close']

export function offeredActs(status: EventStatusName): Act[] {
  const acts = ORDER.filter((action) => {
    const next = transition(status, action)
    // What `open` does to a paused event is called `resume`.
    return next !== null && next !== status && !(action === 'open' && status === 'paused')
  })
  return status === 'closed' ? [...acts, 'delete'] : acts
}
