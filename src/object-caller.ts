/**
 * How an object is called. A stub is made for each call: one that has failed stays broken.
 *
 * What the platform throws: `overloaded`, when the object has too much to do and the call was not started; and
 * `retryable`, when the object went away under the call. The latter is repeated once, where repeating is harmless:
 * the call may have been carried out before its answer was lost.
 */
import { Overloaded } from './ports/overloaded.ts'

/** `repeat`: carrying the call out twice is the same as once, and so is its answer. */
export type Repeat = 'repeat' | 'never'

export type ObjectCaller<Api> = <T>(repeat: Repeat, call: (api: Api) => Promise<T>) => Promise<T>

/** Calls through stubs made by `stub`; throws Overloaded when the object takes no calls. */
export function objectCaller<Api>(stub: () => Api): ObjectCaller<Api> {
  return async (repeat, call) => {
    try {
      return await call(stub())
    } catch (error) {
      const failure = portError(error)
      if (failure !== error || repeat === 'never' || !isMarked(error, 'retryable')) throw failure
    }
    try {
      return await call(stub())
    } catch (error) {
      throw portError(error)
    }
  }
}

function portError(error: unknown): unknown {
  return isMarked(error, 'overloaded') ? new Overloaded('an object is overloaded', { cause: error }) : error
}

/** The platform marks its errors with these properties (Durable Objects, error handling). */
function isMarked(error: unknown, mark: 'overloaded' | 'retryable'): boolean {
  return error instanceof Error && Reflect.get(error, mark) === true
}
