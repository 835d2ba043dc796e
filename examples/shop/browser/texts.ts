/** What the page says. */

const REFUSALS: Readonly<Record<string, string>> = {
  'seat-taken': 'Somebody was quicker. Please choose again.',
  'too-many-seats': 'You have as many seats as one visit may have.',
  'entry-token-required': 'Your visit is over. The seats go to the next in line.',
  'reservation-expired': 'Your time to pay is over. The seats are free again.',
  'insufficient-balance': 'There is not enough in your wallet. The seats are still yours.',
  'payment-in-progress': 'A payment for these seats is under way.',
  'payment-method-unavailable': 'This way to pay is not open today.',
  'payment-refused': 'The payment was refused. The seats are still yours.',
  'rate-limited': 'That was a lot at once. Please wait a moment.',
  unreachable: 'There was no answer. Please try again.',
}

export function refusalText(code: string): string {
  return REFUSALS[code] ?? 'That did not work. Please try again.'
}

/** `2:05`. */
export function clockText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** @param minor units of the currency. */
export function moneyText(minor: number, currency: string): string {
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 0
  return format.format(minor / 10 ** digits)
}
