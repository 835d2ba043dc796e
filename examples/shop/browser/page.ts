/** What both pages need of the document that the shop's server has made. */

/** @throws Error when the page has no such element: a bug of ours. */
export function element<E extends Element>(selector: string, kind: new () => E): E {
  const found = document.querySelector(selector)
  if (found instanceof kind) return found
  throw new Error(`the page has no ${selector}`)
}

export type Sale = { readonly usherUrl: string; readonly eventId: string; readonly currency: string }

/** Which sale this page is of, as the server wrote it into `main`. */
export function saleOfPage(): Sale {
  const { usherUrl = '', eventId = '', currency = '' } = element('main', HTMLElement).dataset
  return { usherUrl, eventId, currency }
}

/**
 * The reservation that this tab has, so that a reload and the way back from the payment page find it. The id is of use to
 * its visitor alone.
 */
export function keptReservation(eventId: string) {
  const key = `reservation:${eventId}`
  return {
    read: () => sessionStorage.getItem(key),
    keep: (id: string) => sessionStorage.setItem(key, id),
    forget: () => sessionStorage.removeItem(key),
  }
}

/** Says it to everybody, readers of screens included. */
export function say(text: string): void {
  element('#status', HTMLElement).textContent = text
}
