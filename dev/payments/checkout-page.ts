/** The page on which a person pays at the fake provider, or does not. */
import { escapeHtml } from '../../src/escape-html.ts'
import type { FakePayment } from './ledger.ts'

export function checkoutPage({
  checkoutId,
  amount,
  currency,
  description,
  state,
  returnUrl,
}: FakePayment): string {
  const decision =
    state === 'open'
      ? ['pay', 'decline'].map((action) => button(checkoutId, action)).join('')
      : `<p>This payment is ${state}.</p><p><a href="${escapeHtml(returnUrl)}">Back to the shop</a></p>`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pay ${amount} ${currency}</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 28rem; margin: 3rem auto; padding: 0 1rem; color: #1a1a1a }
form { display: inline-block; margin: 1rem 1rem 0 0 }
button { font: inherit; padding: .6rem 1.4rem; border: 2px solid #1a1a1a; border-radius: .4rem; background: #fff }
button.pay { background: #1a1a1a; color: #fff }
</style>
<main>
<h1>Test payment</h1>
<p>${escapeHtml(description)}</p>
<p><strong>${amount} ${currency}</strong></p>
<p>No money moves here.</p>
${decision}
</main>
`
}

function button(checkoutId: string, action: string): string {
  const label = action === 'pay' ? 'Pay' : 'Decline'
  return `<form method="post" action="/checkout/${checkoutId}/${action}"><button class="${action}">${label}</button></form>`
}
