/**
 * Joins once for all tabs. Tabs that open together, as when a browser restores them, would each start a session: two
 * places, of which the cookie knows one.
 */
import { createClient, type Place } from '../../client/client.ts'

const LOCK = 'usher-session'
/**
 * That a tab has got a session since this page was loaded. A cookie, since tabs see each other's storage late and the
 * session itself is hidden from scripts.
 */
const MARK = 'usher_joined=1'
/** A page that is loaded later comes with its session. */
const MARK_SECONDS = 60

/**
 * @param isKnown whether the page was loaded with a session
 * @throws as the client's `join`
 */
export async function joinOnce(eventId: string, isKnown: boolean): Promise<Place> {
  const join = async (): Promise<Place> => {
    const isMarked = document.cookie.split('; ').includes(MARK)
    const place = await createClient({ eventId, isNewVisitor: !isKnown && !isMarked }).join()
    document.cookie = `${MARK}; Path=/wait; Max-Age=${MARK_SECONDS}; SameSite=Lax`
    return place
  }
  // Not there without TLS, but for this machine.
  const { locks } = navigator as { locks?: LockManager }
  return locks === undefined ? join() : locks.request(LOCK, join)
}
