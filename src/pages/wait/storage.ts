/** What the browser keeps for the page. It may keep nothing: then whatever asks does without. */

type Area = 'local' | 'session'

/** @param area `local`: of all tabs, for good; `session`: of this tab */
export function recall(area: Area, key: string): string | null {
  try {
    return storageOf(area).getItem(key)
  } catch {
    // Switched off.
    return null
  }
}

/** @returns whether it was kept */
export function keep(area: Area, key: string, value: string): boolean {
  try {
    storageOf(area).setItem(key, value)
    return true
  } catch {
    // Switched off, or full.
    return false
  }
}

function storageOf(area: Area): Storage {
  return area === 'local' ? localStorage : sessionStorage
}
