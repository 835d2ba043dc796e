/** `usher/webhooks`, as a shop uses it. */
import { describe, expect, it } from 'vitest'
import { signatureOf } from '../../../src/webhooks/signature.ts'
import { verifyWebhook, WebhookError } from '../../../src/webhooks/webhooks.ts'

const NOW_MS = 1_800_000_000_000
const [OLD, NEW] = ['the old secret of the shop', 'the new secret of the shop']
const NEWS = {
  id: 'a'.repeat(32),
  type: 'order.paid',
  createdAt: '2027-01-15T08:00:00.000Z',
  data: { eventId: 'demo', userId: '김하늘' },
}
const BODY = JSON.stringify(NEWS)

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'no error'
  } catch (error) {
    return error instanceof WebhookError ? error.code : String(error)
  }
}

describe('a webhook', () => {
  it('that is signed is read, whatever language its names are in', () => {
    expect(verifyWebhook(BODY, signatureOf(BODY, [OLD], NOW_MS), [OLD], NOW_MS)).toEqual(NEWS)
  })

  it('is taken by a shop that knows either of two secrets, which is how they are changed', () => {
    const header = signatureOf(BODY, [OLD, NEW], NOW_MS)
    for (const secrets of [[OLD], [NEW], [OLD, NEW]])
      expect(verifyWebhook(BODY, header, secrets, NOW_MS).id).toBe(NEWS.id)
  })

  it.each([
    ['that was signed with another secret', BODY, signatureOf(BODY, ['a secret of somebody else'], NOW_MS)],
    ['of which a letter was changed', BODY.replace('paid', 'free'), signatureOf(BODY, OLD, NOW_MS)],
    ['that is six minutes old', BODY, signatureOf(BODY, OLD, NOW_MS - 360_000)],
    ['that comes from the future', BODY, signatureOf(BODY, OLD, NOW_MS + 360_000)],
    ['without a signature', BODY, undefined],
    ['with an empty one', BODY, ''],
    ['with one of no time', BODY, `v1=${'0'.repeat(64)}`],
  ])('%s is refused', (_what, body, header) => {
    expect(codeOf(() => verifyWebhook(body, header, [OLD], NOW_MS))).toBe('ERR_WEBHOOK_SIGNATURE')
  })

  it.each(['', '{', '[]', 'null', '{"id":1}', JSON.stringify({ ...NEWS, data: {} })])(
    'that is signed but reads %j is refused',
    (body) => {
      const header = signatureOf(body, OLD, NOW_MS)
      expect(codeOf(() => verifyWebhook(body, header, [OLD], NOW_MS))).toBe('ERR_WEBHOOK_MALFORMED')
    },
  )

  it('is refused without a word of its body or of a secret', () => {
    for (const header of [null, signatureOf('{"user":"ann"}', OLD, NOW_MS)]) {
      try {
        verifyWebhook('{"user":"ann"}', header, [OLD], NOW_MS)
        expect.unreachable()
      } catch (error) {
        expect(String(error)).not.toMatch(/ann|secret of/)
      }
    }
  })
})
