import type { ConfigReader } from '../config-reader.ts'
import { isLoopback } from '../loopback.ts'

/** Shops that keep the connector of Queue-it which they have. */
export type QueueItConfig = {
  /** Shared with the connectors; signs their tokens. */
  readonly secretKey: string
  /** The origins that visitors may be sent to with a token. The first is where those go who named none. */
  readonly targets: readonly [string, ...string[]]
  /** Whether a token is good only from the address that it was given to. */
  readonly bindsAddress: boolean
}

/** HMAC-SHA256 wants a key as long as its hash (RFC 2104, 3); Queue-it's own have 72 characters. */
const SECRET_KEY_CHARS_MIN = 32

/** Reads the variables `QUEUE_IT_*`; null without a key. */
export function readQueueItConfig(reader: ConfigReader): QueueItConfig | null {
  if (!reader.has('QUEUE_IT_SECRET_KEY')) {
    for (const variable of ['QUEUE_IT_TARGETS', 'QUEUE_IT_BIND_ADDRESS'] as const) {
      if (reader.has(variable)) reader.fault('QUEUE_IT_SECRET_KEY', `is missing although ${variable} is set`)
    }
    return null
  }
  const secretKey = reader.secret('QUEUE_IT_SECRET_KEY', SECRET_KEY_CHARS_MIN)
  const bindsAddress = reader.choice('QUEUE_IT_BIND_ADDRESS', ['on', 'off'], 'off') === 'on'
  const [first, ...others] = reader.origins('QUEUE_IT_TARGETS')
  if (first === undefined) {
    // Without a list a token could be sent anywhere.
    if (!reader.has('QUEUE_IT_TARGETS')) reader.fault('QUEUE_IT_TARGETS', 'is missing')
    return null
  }
  const targets = [first, ...others] as const
  const isPrivate = targets.every(
    (target) => target.startsWith('https:') || isLoopback(new URL(target).hostname),
  )
  if (!isPrivate) reader.fault('QUEUE_IT_TARGETS', 'must be https origins: a token travels in the address')
  return { secretKey, targets: [...targets], bindsAddress }
}
