/** Tokens for Queue-it's connectors, judged by Queue-it's own connector. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { configReader } from '../../../src/config-reader.ts'
import type { ConfigEnv } from '../../../src/config-reader.ts'
import { readQueueItConfig } from '../../../src/tokens/queue-it-config.ts'
import {
  QUEUE_IT_EVENT_PATTERN,
  admissionIdOfQueueId,
  queueIdOf,
  queueItToken,
} from '../../../src/tokens/queue-it-token.ts'
import type { QueueItGrant } from '../../../src/tokens/queue-it-token.ts'
import { QUEUE_IT_SECRET, QueueItShop } from '../../support/queue-it-shop.ts'

const TICKETS = 'https://shop.test/tickets?row=a'
/** Of all its bits set: base64url of it has `_`, which the connectors would take for a separator. */
const ADMISSION = 'demo.____________________-w'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

function tokenFor(change: Partial<QueueItGrant> = {}, secretKey = QUEUE_IT_SECRET): string {
  const grant = {
    eventId: 'demo',
    admissionId: ADMISSION,
    expiresAtMs: Date.now() + 120_000,
    validityMinutes: 10,
  }
  return queueItToken({ ...grant, address: null, ...change }, secretKey)
}

const withToken = (token: string) => `${TICKETS}&queueittoken=${token}`

/** `let in`, or the path of the queue domain that the connector sends to. */
async function answerOf(shop: QueueItShop, url: string): Promise<string> {
  const redirect = await shop.visit(url)
  return redirect === null ? 'let in' : new URL(redirect).pathname
}

describe('a token for a connector', () => {
  it('has the fields that Queue-it gives its own, in that order', () => {
    expect(tokenFor()).toMatch(
      /^e_demo~q_ffffffff-ffff-ffff-ffff-fffffffffffb~ts_1893456120~ce_false~cv_10~rt_queue~h_[0-9a-f]{64}$/,
    )
  })

  it('lets in, and the connector’s own cookie keeps the visitor in for its minutes and not longer', async () => {
    const shop = new QueueItShop('demo')
    expect(await answerOf(shop, TICKETS)).toBe('/')
    expect(await answerOf(shop, withToken(tokenFor()))).toBe('let in')
    vi.setSystemTime(Date.now() + 9 * 60_000)
    // Once in a while, as a visitor does: the cookie is not made longer by it.
    expect(await answerOf(shop, TICKETS)).toBe('let in')
    vi.setSystemTime(Date.now() + 2 * 60_000)
    expect(await answerOf(shop, TICKETS)).toBe('/')
  })

  it.each([
    ['changed', () => tokenFor().replace('cv_10', 'cv_999'), '/error/hash/'],
    [
      'signed with another key',
      () => tokenFor({}, 'another key, which is long enough as well'),
      '/error/hash/',
    ],
    ['too old', () => tokenFor({ expiresAtMs: Date.now() - 1_000 }), '/error/timestamp/'],
    ['for another event', () => tokenFor({ eventId: 'other' }), '/error/eventid/'],
    ['for another address', () => tokenFor({ address: '198.51.100.1' }), '/error/ip/'],
  ])('that is %s is refused', async (_name, token, expected) => {
    const shop = new QueueItShop('demo')
    expect(await answerOf(shop, withToken(token()))).toBe(expected)
    expect(shop.cookies.size).toBe(0)
  })

  it('for an address is good from there', async () => {
    const shop = new QueueItShop('demo')
    expect(await answerOf(shop, withToken(tokenFor({ address: shop.address })))).toBe('let in')
    shop.address = '198.51.100.1'
    expect(await answerOf(shop, TICKETS)).not.toBe('let in')
  })

  it('for an id that connectors cannot carry would be refused, which is why no such id is taken', async () => {
    for (const eventId of ['my_event', 'Demo']) {
      expect(eventId).not.toMatch(QUEUE_IT_EVENT_PATTERN)
      const shop = new QueueItShop(eventId)
      const answers = [await answerOf(shop, withToken(tokenFor({ eventId }))), await answerOf(shop, TICKETS)]
      expect(answers).not.toEqual(['let in', 'let in'])
    }
  })
})

describe('a queue id', () => {
  it('is the admission’s, there and back', () => {
    for (const admissionId of [ADMISSION, 'demo.AAAAAAAAAAAAAAAAAAAAAA', 'demo.LvWuT6cOBufW7S1yBZkoEQ']) {
      expect(admissionIdOfQueueId('demo', queueIdOf(admissionId))).toBe(admissionId)
    }
  })

  it.each(['', 'nonsense', '../../x', 'ffffffff-ffff-ffff-ffff-ffffffffffffff'])('is not %j', (queueId) => {
    expect(admissionIdOfQueueId('demo', queueId)).toBeNull()
  })
})

describe('the variables QUEUE_IT_*', () => {
  const read = (env: ConfigEnv) => {
    const reader = configReader(env)
    return { config: readQueueItConfig(reader), faults: reader.problems.map(({ variable }) => variable) }
  }
  const QUEUE_IT_SECRET_KEY = QUEUE_IT_SECRET

  it('turn the connectors on, the first target being where those go who named none', () => {
    const env = { QUEUE_IT_SECRET_KEY, QUEUE_IT_TARGETS: 'https://a.test, http://127.0.0.1:8788' }
    expect(read(env)).toEqual({
      config: {
        secretKey: QUEUE_IT_SECRET,
        targets: ['https://a.test', 'http://127.0.0.1:8788'],
        bindsAddress: false,
      },
      faults: [],
    })
    expect(read({}).config).toBeNull()
  })

  it.each([
    [{ QUEUE_IT_SECRET_KEY }, 'QUEUE_IT_TARGETS'],
    [{ QUEUE_IT_SECRET_KEY, QUEUE_IT_TARGETS: 'https://a.test/path' }, 'QUEUE_IT_TARGETS'],
    [{ QUEUE_IT_SECRET_KEY, QUEUE_IT_TARGETS: 'http://a.test' }, 'QUEUE_IT_TARGETS'],
    [{ QUEUE_IT_SECRET_KEY: 'short', QUEUE_IT_TARGETS: 'https://a.test' }, 'QUEUE_IT_SECRET_KEY'],
    [{ QUEUE_IT_TARGETS: 'https://a.test' }, 'QUEUE_IT_SECRET_KEY'],
    [
      { QUEUE_IT_SECRET_KEY, QUEUE_IT_TARGETS: 'https://a.test', QUEUE_IT_BIND_ADDRESS: 'maybe' },
      'QUEUE_IT_BIND_ADDRESS',
    ],
  ])('are refused as %j', (env, variable) => {
    expect(read(env).faults).toEqual([variable])
  })
})
