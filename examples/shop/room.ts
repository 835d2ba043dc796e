/** Whether the waiting room is there and leads to this shop. */

const TIMEOUT_MS = 3_000

/** What to do about it, for the one who has just started the shop; null when all is well. */
export async function whatIsMissing(usherUrl: URL, eventId: string, shopUrl: string): Promise<string | null> {
  const start = `start it with: SHOP_URL=${shopUrl}/usher/enter npm start`
  const page = await fetch(new URL(`/wait/${eventId}`, usherUrl), {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => null)
  await page?.body?.cancel()
  if (page === null) return `No waiting room answers at ${usherUrl.href}; ${start}`
  if (page.status === 404) return `The waiting room has no event ${eventId}; set EVENT_ID.`
  // The page may post tickets to its shop alone, so its policy names the shop.
  const leadsHere = (page.headers.get('Content-Security-Policy') ?? '').includes(new URL(shopUrl).origin)
  return leadsHere ? null : `The waiting room does not lead here; ${start}`
}

/** Whether seats of this event have been planned at Usher. Without an answer there are none. */
export async function sellsSeats(usherUrl: URL, eventId: string): Promise<boolean> {
  const answer = await fetch(new URL(`/api/v1/events/${eventId}/seats`, usherUrl), {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => null)
  if (answer?.ok !== true) {
    await answer?.body?.cancel()
    return false
  }
  const { version } = (await answer.json()) as { readonly version: number }
  return version > 0
}
