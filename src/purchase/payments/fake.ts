/**
 * The provider of local runs and tests: a little one that really keeps payments, has a checkout page and sends signed
 * webhooks (dev/payments). It is asked over HTTP like the others, so that what fails with them can fail with it. No
 * money moves, so a deployment refuses it.
 */
import * as z from 'zod'
import { err, ok } from '../../core/result.ts'
import { parseJsonText } from './json-text.ts'
import { eventIdOfPayment } from './payment-ids.ts'
import { askProvider } from './provider-client.ts'
import type { ProviderFetch, ProviderReply } from './provider-client.ts'
import { readReturnedId, returnUrlOf } from './return-url.ts'
import { isSigned } from '../../webhooks/signature.ts'
import type { PaymentProvider, ProviderPayment, ProviderState, StateReply, Unknown } from './port.ts'

/** Where the fake provider's webhooks carry their signature. */
export const FAKE_SIGNATURE_HEADER = 'Payment-Signature'

export type FakeSettings = {
  readonly apiUrl: string
  readonly apiKey: string
  readonly webhookSecrets: readonly string[]
  readonly fetch: ProviderFetch
}

const PAYMENT = z.object({
  paymentId: z.string(),
  checkoutId: z.string().min(1).max(255),
  checkoutUrl: z.string(),
  state: z.enum(['open', 'paid', 'failed', 'closed', 'refunded']),
  amount: z.int().nonnegative(),
  currency: z.string(),
})
type Payment = z.output<typeof PAYMENT>
type Reply = ProviderReply<Payment>

const FAILURE = z.object({ code: z.string() })
const WEBHOOK = z.object({ id: z.string().min(1).max(255), payment: PAYMENT })

/** @param settings.apiUrl without a slash at the end. */
export function fakeProvider(settings: FakeSettings): PaymentProvider {
  const ask = (method: 'GET' | 'POST', path: string, body?: object): Promise<Reply> => {
    const headers = { Authorization: `Bearer ${settings.apiKey}`, 'Content-Type': 'application/json' }
    const url = `${settings.apiUrl}/payments${path}`
    const request = { method, url, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
    return askProvider(settings.fetch, request, PAYMENT, codeOf)
  }
  const fetchState = async ({ paymentId }: ProviderPayment): Promise<StateReply> =>
    stateReply(await ask('GET', `/${paymentId}`))
  return {
    name: 'fake',
    async create(payment) {
      const reply = await ask('POST', '', checkoutOf(payment))
      if (reply.kind === 'refused') return { kind: 'refused', code: reply.code }
      if (reply.kind === 'unknown') return reply
      const { checkoutId, checkoutUrl } = reply.value
      return { kind: 'created', reference: checkoutId, checkoutUrl }
    },
    verifyWebhook({ headers, body, receivedAtMs }) {
      if (!isSigned(headers.get(FAKE_SIGNATURE_HEADER), body, settings.webhookSecrets, receivedAtMs))
        return err('signature-invalid')
      const webhook = WEBHOOK.safeParse(parseJsonText(body))
      if (!webhook.success) return err('unreadable')
      const { id: eventId, payment } = webhook.data
      if (eventIdOfPayment(payment.paymentId) === null) return ok({ kind: 'other' })
      return ok({ kind: 'signed', eventId, paymentId: payment.paymentId, state: stateOf(payment) })
    },
    readReturn: readReturnedId,
    confirm: fetchState,
    fetch: fetchState,
    cancel: async ({ paymentId }) => stateReply(await ask('POST', `/${paymentId}/cancel`, {})),
    async refund({ paymentId }) {
      const reply = await ask('POST', `/${paymentId}/refund`, {})
      if (reply.kind === 'refused') return { kind: 'refused', code: reply.code }
      if (reply.kind === 'unknown') return reply
      return reply.value.state === 'refunded' ? { kind: 'refunded' } : { kind: 'pending' }
    },
  }
}

function codeOf(body: unknown): string | null {
  const parsed = FAILURE.safeParse(body)
  return parsed.success ? parsed.data.code : null
}

function checkoutOf(payment: ProviderPayment): object {
  const { paymentId, amount, currency, description, origin } = payment
  const returnUrl = returnUrlOf(payment)
  return {
    paymentId,
    amount,
    currency,
    description,
    returnUrl,
    webhookUrl: `${origin}/api/v1/payments/webhook`,
  }
}

function stateReply(reply: Reply): StateReply {
  if (reply.kind === 'done') return { kind: 'known', state: stateOf(reply.value) }
  // Its creation never arrived, so there is no page to pay it on.
  if (reply.kind === 'refused' && reply.code === 'payment_unknown')
    return { kind: 'known', state: { kind: 'closed' } }
  return unknown(reply)
}

function unknown(reply: Exclude<Reply, { kind: 'done' }>): Unknown {
  return { kind: 'unknown', cause: reply.kind === 'refused' ? reply.code : reply.cause }
}

function stateOf({ state, amount, currency }: Payment): ProviderState {
  return state === 'paid' ? { kind: 'paid', amount, currency } : { kind: state }
}
