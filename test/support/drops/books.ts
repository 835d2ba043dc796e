/** The books of a drop after a rush: what was told against what is recorded, in words. Pure, so that it is tested itself. */

/** One answer to a claim, or to the question for it. */
export type Told = {
  readonly status: number
  readonly claimId: string | null
  readonly state: string | null
  /** Of the coupon; null in a refusal. */
  readonly code: string | null
  /** The problem's code of a refusal. */
  readonly problem: string | null
}

export type Reconciled = {
  readonly stock: number
  readonly issued: number
  readonly pending: number
  readonly failed: number
  readonly remaining: number
  readonly consistent: boolean
}

export type Books = {
  readonly stock: number
  /** Those that the operator gave; null when Usher made them. */
  readonly codes: ReadonlySet<string> | null
  /** By visitor, in the order of the answers. */
  readonly told: ReadonlyMap<string, readonly Told[]>
  /** What everybody who was ever told of a claim is told of it at the end. */
  readonly mine: ReadonlyMap<string, Told>
  /** The operator's export. */
  readonly rows: readonly { readonly userId: string; readonly code: string }[]
  readonly reconciled: Reconciled
  /**
   * - nothing: every answer has arrived, so each claim was made with exactly one of them.
   * - answers: some were lost, and their claims were told by a repetition only.
   * - pending: claims that were never shown as issued may be gone, since the store has lost them.
   */
  readonly lost: 'nothing' | 'answers' | 'pending'
}

/** INV-11 and the contract, as words about every breach. Empty when all is well. */
export function violationsOf(books: Books): string[] {
  return [...recordsOf(books), ...answersOf(books), ...promisesOf(books), ...arithmeticOf(books)]
}

/** The records by themselves: no more than there were, nobody twice, no code twice, no code of nobody's making. */
function recordsOf({ stock, codes, rows }: Books): string[] {
  const found: string[] = []
  if (rows.length > stock) found.push(`oversold: ${rows.length} of ${stock} are recorded`)
  if (rows.length < stock) found.push(`undersold: only ${rows.length} of ${stock} are recorded`)
  const visitors = repeated(rows.map(({ userId }) => userId))
  if (visitors.length > 0) found.push(`${visitors.length} visitors have two coupons: ${some(visitors)}`)
  const twice = repeated(rows.map(({ code }) => code))
  if (twice.length > 0) found.push(`${twice.length} codes were issued twice: ${some(twice)}`)
  const foreign = rows.filter(({ code }) => code === '' || codes?.has(code) === false)
  if (foreign.length > 0)
    found.push(`${foreign.length} codes are nobody's: ${some(foreign.map(({ code }) => code))}`)
  return found
}

/** Every answer is one that the contract has, and each visitor's answers fit each other. */
function answersOf({ told, lost }: Books): string[] {
  const found = new Map<string, string[]>()
  const note = (fault: string, userId: string): void => {
    found.set(fault, [...(found.get(fault) ?? []), userId])
  }
  for (const [userId, answers] of told) {
    const claims = answers.filter(isClaim)
    const firsts = claims.filter(({ status }) => status !== 200)
    if (answers.some((answer) => !isClaim(answer) && !isSoldOut(answer)))
      note(`were told something else: ${JSON.stringify(answers.find(isOdd))}`, userId)
    if (claims.length > 0 && claims.length < answers.length && lost !== 'pending')
      note('have a coupon and were told sold-out', userId)
    if (firsts.length > 1 && lost !== 'pending') note('were given a coupon anew', userId)
    if (claims.length > 0 && firsts.length === 0 && lost === 'nothing')
      note('were told of a claim that they had not made', userId)
    if (distinct(claims, ({ claimId }) => claimId) > 1) note('were told of two claims', userId)
    if (distinct(claims.filter(hasCode), ({ code }) => code) > 1) note('were told two codes', userId)
    if (claims.some((claim) => (claim.state === 'issued') !== hasCode(claim)))
      note('were told "issued" without a code, or "pending" with one', userId)
  }
  return [...found].map(([fault, userIds]) => `${userIds.length} ${fault}: ${some(userIds)}`)
}

/** What was told is what is recorded: acknowledged claims are there, and nobody has what they were never told of. */
function promisesOf({ told, mine, rows, lost }: Books): string[] {
  const found: string[] = []
  const recorded = new Map(rows.map(({ userId, code }) => [userId, code]))
  const issued = [...told].flatMap(([userId, answers]) =>
    answers.filter(hasCode).map(({ code }) => ({ userId, code })),
  )
  const broken = issued.filter(({ userId, code }) => recorded.get(userId) !== code)
  if (broken.length > 0)
    found.push(
      `${broken.length} acknowledged codes are not recorded: ${some(broken.map(({ code }) => code ?? ''))}`,
    )
  const winners = [...told].filter(([, answers]) => answers.some(isClaim)).map(([userId]) => userId)
  const gone = winners.filter((userId) => !recorded.has(userId))
  if (gone.length > 0 && lost !== 'pending')
    found.push(`${gone.length} acknowledged claims are gone: ${some(gone)}`)
  const unaware = [...recorded.keys()].filter((userId) => !told.get(userId)?.some(isClaim))
  if (unaware.length > 0) found.push(`${unaware.length} have a coupon and were never told: ${some(unaware)}`)
  const other = [...recorded].filter(([userId, code]) => {
    const claim = mine.get(userId)
    return claim?.status !== 200 || claim.state !== 'issued' || claim.code !== code
  })
  if (other.length > 0) {
    const [userId = ''] = other[0] ?? []
    found.push(
      `${other.length} are not told what is recorded: ${userId} hears ${JSON.stringify(mine.get(userId))}`,
    )
  }
  return found
}

function arithmeticOf({ stock, rows, reconciled }: Books): string[] {
  const found: string[] = []
  const { issued, pending, remaining } = reconciled
  if (reconciled.stock !== stock) found.push(`a stock of ${stock} is told as ${reconciled.stock}`)
  if (issued + pending + remaining !== reconciled.stock)
    found.push(`the stock is not issued + pending + remaining: ${JSON.stringify(reconciled)}`)
  if (issued !== rows.length) found.push(`${issued} are told as issued, and ${rows.length} are recorded`)
  if (pending !== 0 || reconciled.failed !== 0) found.push(`not at rest: ${JSON.stringify(reconciled)}`)
  if (!reconciled.consistent) found.push(`the stores do not agree: ${JSON.stringify(reconciled)}`)
  return found
}

function isClaim({ status }: Told): boolean {
  return status === 200 || status === 201 || status === 202
}

function isSoldOut({ status, problem }: Told): boolean {
  return status === 410 && problem === 'sold-out'
}

function isOdd(answer: Told): boolean {
  return !isClaim(answer) && !isSoldOut(answer)
}

function hasCode({ status, code }: Told): boolean {
  return status < 400 && code !== null
}

function distinct(claims: readonly Told[], of: (claim: Told) => string | null): number {
  return new Set(claims.map(of)).size
}

function repeated(values: readonly string[]): string[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const value of values) (seen.has(value) ? twice : seen).add(value)
  return [...twice]
}

function some(values: readonly string[]): string {
  return values.slice(0, 3).join(', ')
}
