/** What this tab remembers over a reload: where the bar began, and whether it has led to the shop. */

export type Memory = {
  /** The largest position of this place so far, `position` included. */
  firstPosition(position: number): number
  /** True once: coming back from the shop must not lead there again by itself. */
  isFirstEntry(): boolean
}

/** @param joinNumber a new place is remembered anew */
export function memoryOf(eventId: string, joinNumber: number): Memory {
  const key = `usher-${eventId}-${joinNumber}`
  let first = Number(read(`${key}-first`))
  return {
    firstPosition(position) {
      if (position > first) {
        first = position
        write(`${key}-first`, String(position))
      }
      return first
    },
    // Without a memory it would lead there again and again, so then it does not at all.
    isFirstEntry: () => read(`${key}-entered`) === null && write(`${key}-entered`, '1'),
  }
}

function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key)
  } catch {
    // The browser keeps nothing: the bar begins anew with each load.
    return null
  }
}

function write(key: string, value: string): boolean {
  try {
    sessionStorage.setItem(key, value)
    return true
  } catch {
    return false
  }
}
