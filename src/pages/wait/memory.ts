/** What this tab remembers over a reload: where the bar began, and whether it has led to the shop. */

import { keep, recall } from './storage.ts'

export type Memory = {
  /** The largest position of this place so far, `position` included. */
  firstPosition(position: number): number
  /** True once: coming back from the shop must not lead there again by itself. */
  isFirstEntry(): boolean
}

/** @param joinNumber a new place is remembered anew */
export function memoryOf(eventId: string, joinNumber: number): Memory {
  const key = `usher-${eventId}-${joinNumber}`
  let first = Number(recall('session', `${key}-first`))
  return {
    firstPosition(position) {
      if (position > first) {
        first = position
        keep('session', `${key}-first`, String(position))
      }
      return first
    },
    // Without a memory it would lead there again and again, so then it does not at all.
    isFirstEntry: () =>
      recall('session', `${key}-entered`) === null && keep('session', `${key}-entered`, '1'),
  }
}
