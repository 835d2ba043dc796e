/** A rush for coupons over HTTP: everybody tries several times, in one shuffled order, so many at a time. */
import { HttpLane, requestBytes } from '../../../bench/client/http-lane.ts'
import { mapBounded } from '../../../src/bounded.ts'
import { createGuestTokens } from '../../../src/tokens/guest-token.ts'
import { Random } from '../../sim/random.ts'
import { pause, type TestUsher } from '../usher.ts'
import type { Told } from './books.ts'

export type Claimant = { readonly userId: string; readonly token: string }

export type RushPlan = {
  readonly dropId: string
  readonly claimants: readonly Claimant[]
  /** Claims that each of them sends. */
  readonly tries: number
  /** Claims under way at once. */
  readonly width: number
  /** Of the order. */
  readonly seed: number
  /** What goes wrong, and after how many answers. */
  readonly troubles?: readonly Trouble[]
}

export type Trouble = { readonly afterAnswers: number; readonly strike: () => Promise<void> }

export type Rush = {
  /** By visitor, in the order of the answers. */
  readonly told: ReadonlyMap<string, readonly Told[]>
  /** Answers that never came, and those that said to come again. */
  readonly lost: number
  readonly later: number
}

/** Whoever is not answered asks again this soon. */
const AGAIN_MS = 50
/** Longer than any recovery: who is still not answered then never would be. */
const ANSWERED_WITHIN_MS = 40_000

/** Signed here with the Worker's own secret: five thousand sessions are not what is tested. */
export async function claimantsOf({ runtime }: TestUsher, count: number): Promise<Claimant[]> {
  const tokens = createGuestTokens({
    sessionSecret: runtime.variables['SESSION_SECRET'] ?? '',
    visitorTokenTtlSeconds: 3_600,
  })
  return mapBounded(Array.from({ length: count }), 64, async () => {
    const guest = await tokens.createGuest(Date.now())
    if (guest === null) throw new Error('no guest was made')
    return guest
  })
}

/**
 * Sends every try of every claimant. What is not answered, or with a 503, is asked again until it is: a client that lost
 * an answer cannot know what became of its claim.
 * @throws Error when somebody is never answered, or with something that no client could make sense of.
 */
export async function rush(url: string, plan: RushPlan): Promise<Rush> {
  const { dropId, claimants, tries, width, seed, troubles = [] } = plan
  const order = shuffled(
    claimants.flatMap((claimant) => Array.from({ length: tries }, () => claimant)),
    new Random(seed),
  )
  const told = new Map<string, Told[]>(claimants.map(({ userId }) => [userId, []]))
  const lanes = Array.from({ length: width }, () => new PatientLane(url))
  const waiting = order.values()
  const striking: Promise<void>[] = []
  let answers = 0
  await Promise.all(
    lanes.map(async (lane) => {
      // The lanes share one iterator, so each try is made once.
      for (const { userId, token } of waiting) {
        const answer = await lane.ask(requestBytes('POST', `/api/v1/drops/${dropId}/claims`, { token }))
        told.get(userId)?.push(answer)
        answers += 1
        for (const { afterAnswers, strike } of troubles) if (afterAnswers === answers) striking.push(strike())
      }
      lane.close()
    }),
  )
  await Promise.all(striking)
  const sum = (count: (lane: PatientLane) => number): number =>
    lanes.reduce((total, lane) => total + count(lane), 0)
  return { told, lost: sum(({ lost }) => lost), later: sum(({ later }) => later) }
}

/** What everybody of these is told of their claim now. */
export async function mineOf(
  url: string,
  dropId: string,
  claimants: readonly Claimant[],
  width = 64,
): Promise<Map<string, Told>> {
  const lanes = Array.from({ length: width }, () => new PatientLane(url))
  const found = new Map<string, Told>()
  const waiting = claimants.values()
  await Promise.all(
    lanes.map(async (lane) => {
      for (const { userId, token } of waiting)
        found.set(userId, await lane.ask(requestBytes('GET', `/api/v1/drops/${dropId}/claims/me`, { token })))
      lane.close()
    }),
  )
  return found
}

/** One request at a time over one connection, which is opened anew when it breaks. */
class PatientLane {
  lost = 0
  later = 0
  readonly #url: string
  #lane: HttpLane | null = null

  constructor(url: string) {
    this.#url = url
  }

  async ask(request: Buffer): Promise<Told> {
    const deadlineMs = Date.now() + ANSWERED_WITHIN_MS
    for (;;) {
      const answer = await this.#once(request)
      if (answer !== null && answer.status < 500) return answer
      if (answer === null) this.lost += 1
      else this.later += 1
      if (Date.now() > deadlineMs)
        throw new Error(`never answered, at last with ${JSON.stringify(answer ?? 'nothing')}`)
      await pause(AGAIN_MS)
    }
  }

  close(): void {
    this.#lane?.close()
  }

  /** Null: no answer. */
  async #once(request: Buffer): Promise<Told | null> {
    try {
      this.#lane ??= await HttpLane.open(this.#url)
      const { status, body } = await this.#lane.ask(request)
      return toldOf(status, body)
    } catch {
      // The runtime was killed under the request, or is not back yet.
      this.#lane?.close()
      this.#lane = null
      return null
    }
  }
}

function toldOf(status: number, text: string): Told {
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  const textOf = (name: string): string | null =>
    typeof body[name] === 'string' && body[name] !== '' ? body[name] : null
  return {
    status,
    claimId: textOf('claimId'),
    state: textOf('state'),
    code: textOf('code'),
    problem: status >= 400 ? textOf('code') : null,
  }
}

function shuffled<T>(items: T[], random: Random): T[] {
  for (let left = items.length - 1; left > 0; left -= 1) {
    const other = random.between(0, left)
    const [a, b] = [items[left], items[other]]
    if (a !== undefined && b !== undefined) [items[left], items[other]] = [b, a]
  }
  return items
}
