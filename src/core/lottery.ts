/**
 * The draw. Everybody who joined before the opening has a join number, 1 to N. Each number's ticket is
 * HMAC-SHA256(seed, decimal join number); the tickets in ascending order are the line. SHA-256 of the seed is
 * public before the first join and the seed after the draw, so anybody can repeat it:
 *
 *   printf '%s' 17 | openssl dgst -sha256 -mac HMAC -macopt hexkey:$SEED
 */
export type TicketOf = (joinNumber: number) => string

/** The numbers of the line for the given join numbers: a permutation of 1..entrants, restricted to them. */
export function draw(entrants: number, ticketOf: TicketOf): ReadonlyMap<number, number> {
  const tickets: { joinNumber: number; ticket: string }[] = []
  for (let joinNumber = 1; joinNumber <= entrants; joinNumber += 1) {
    tickets.push({ joinNumber, ticket: ticketOf(joinNumber) })
  }
  tickets.sort((a, b) => (a.ticket < b.ticket ? -1 : 1))
  return new Map(tickets.map(({ joinNumber }, index) => [joinNumber, index + 1]))
}
