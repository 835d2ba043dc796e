/**
 * `usher/client`: a visitor's side of one event. Joins the line, follows the place over broken networks, sleeping phones
 * and blocked streams, and gives it up. Without dependencies; in browsers, Node and Workers. Guide: docs/client.md.
 */
import { Calls, UsherError } from './calls.ts'
import type { Place } from './contract.ts'
import { Follower } from './follower.ts'
import type { Clock, Following, StreamConstructor, Visit } from './follower.ts'

export { UsherError } from './calls.ts'
export type { EndReason, EtaSeconds, EventStatusName, Place } from './contract.ts'
export type { Clock, Following, StreamConstructor, Visit } from './follower.ts'
export type { Connection, Standing } from './standing.ts'

export type ClientOptions = {
  readonly eventId: string
  /** Where Usher is, without a slash at the end. Default: the origin of the page. */
  readonly baseUrl?: string
  /**
   * The visitor's token, where there is no cookie of Usher's: on another site, in an app, on a server. Null: there is none
   * yet, a guest session is started. Default: the cookie.
   */
  readonly token?: string | null
  /** True when there can be no session yet: one is started at once, not only after a refusal. Default false. */
  readonly isNewVisitor?: boolean
  /** For tests, and where there are none or better ones. */
  readonly fetch?: typeof fetch
  readonly EventSource?: StreamConstructor
  readonly clock?: Clock
  /** 0 up to 1, for the spread of retries. */
  readonly random?: () => number
}

export type UsherClient = {
  /** The visitor's token, to be kept for the next time; undefined with the cookie. */
  readonly token: string | null | undefined
  /**
   * Takes a place at the end, or answers the one there is. Starts a guest session if there is none.
   * @throws UsherError `event-not-open`, `sold-out`, `queue-rejecting`, `event-not-found`, `forbidden` (sign in first), ...
   */
  join(): Promise<Place>
  /** The place there is, alive or ended, without joining; null if there is none. @throws UsherError, or as `fetch` does */
  resume(): Promise<Place | null>
  /**
   * Tells how the visitor stands, now and whenever it changes, until it has ended or `close` is called. Never throws: what
   * breaks is tried again.
   * @param place what `join` or `resume` has answered
   */
  follow(place: Place, onChange: (visit: Visit) => void): Following
  /** Gives up the place or the admission. Safe to repeat. @throws UsherError, or as `fetch` does */
  leave(): Promise<void>
}

/** One visitor, one event. Asks nothing yet. */
export function createClient(options: ClientOptions): UsherClient {
  const { eventId, baseUrl = '', token, fetch: fetcher = (input, init) => fetch(input, init) } = options
  const calls = new Calls(eventId, baseUrl, token, fetcher)
  let isNew = options.isNewVisitor === true || token === null

  return {
    get token() {
      return calls.token
    },
    async join() {
      if (!isNew) {
        try {
          return await calls.place('POST')
        } catch (error) {
          if (!isRefusal(error, 401)) throw error
        }
      }
      await calls.startSession()
      isNew = false
      return calls.place('POST')
    },
    async resume() {
      if (isNew) return null
      try {
        return await calls.place('GET')
      } catch (error) {
        if (isRefusal(error, 401) || (isRefusal(error, 404) && error.code === 'not-in-queue')) return null
        throw error
      }
    },
    follow: (place, onChange) => new Follower(calls, place, onChange, options),
    leave: () => calls.leave(),
  }
}

function isRefusal(error: unknown, status: number): error is UsherError {
  return error instanceof UsherError && error.status === status
}
