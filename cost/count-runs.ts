/** The runs that are counted: each does one thing many times, alone, so that what it cost can be divided by it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CountClient, forEach, oneByOne } from './count-client.ts'
import { GRACE_SECONDS, SETTLE_MS, times, type CountSteps } from './count-steps.ts'

const MANY = 1_000
const SOME = 200
/** So many at once are joined by the line itself: over five seconds that is less than what gives it shards. */
const JOINERS = 500
const WATCHED_SECONDS = 20
const TICKS_SECONDS = 10
const CRON_RUNS = 5
/** The least that can be configured. */
export const RETENTION_SECONDS = 60
/** A line looks for what it may forget when the oldest is due, then each minute: at these times after the first end. */
const FORGETTING_MS = [60_000, 120_000, 180_000] as const
/** How late it may be. */
const FORGETTING_LATE_MS = 3_000

/** Everything that happens while a sale lasts. Takes about two minutes. @throws Error when anything goes wrong. */
export async function saleRuns(steps: CountSteps): Promise<void> {
  await steps.warmUp()
  await shopRun(steps)
  await lineRun(steps)
  await streamsRun(steps)
  await batchRun(steps)
}

/** One event, the only one, with a full shop and people waiting. */
async function shopRun(steps: CountSteps): Promise<void> {
  const { client } = steps
  const eventId = await client.event({ capacity: SOME, disconnectGraceSeconds: GRACE_SECONDS })
  await steps.count('pageLoad', 'page loaded with its files, by a browser that has no cookie', 20, () =>
    forEach(times(20), () => steps.loadPage(eventId)),
  )
  let sessions: string[] = []
  await steps.count('session', 'session started', MANY, async () => {
    sessions = await steps.visitors(MANY)
  })
  const inside = sessions.slice(0, SOME)
  const next = sessions.slice(SOME, 2 * SOME)
  const leavers = sessions.slice(2 * SOME, 3 * SOME)
  await forEach(inside, (token) => client.join(eventId, token))
  const admissions = await forEach(inside, (token) => steps.admitted(eventId, token))
  await sleep(SETTLE_MS)
  await steps.count('redeem', 'entry token redeemed', SOME, () =>
    oneByOne(admissions, ({ admissionId, entryToken }) =>
      client.shop('redeem', { token: entryToken, sessionId: admissionId }),
    ),
  )
  await steps.count('renew', 'lease renewed', SOME, () =>
    oneByOne(admissions, ({ admissionId }) => client.shop(`${admissionId}/renew`, {})),
  )
  await steps.count('cronMinute', `cron run with one event and ${SOME} inside`, CRON_RUNS, async () => {
    for (let run = 0; run < CRON_RUNS; run += 1) await steps.usher.runCron()
  })
  // Only now: whoever does not poll is marked as absent after 10 s, which would be counted, and is not admitted.
  await forEach(next, (token) => client.join(eventId, token))
  await steps.count('turnover', 'admission released, and the next visitor admitted', SOME, () =>
    oneByOne(admissions, ({ admissionId }) =>
      client.shop(`${admissionId}/release`, { outcome: 'completed' }),
    ),
  )
  await forEach(next, (token) => steps.admitted(eventId, token))
  await forEach(leavers, (token) => client.join(eventId, token))
  await steps.count('leave', 'visitor who left the line', SOME, () =>
    forEach(leavers, (token) => client.leave(eventId, token)),
  )
  await steps.close(eventId)
}

/** A full event where nobody gets in: what joining and polling cost. */
async function lineRun(steps: CountSteps): Promise<void> {
  const { client } = steps
  const [eventId, line] = await steps.fullEvent(JOINERS)
  await steps.count('join', 'visitor who joined the line', JOINERS, () =>
    forEach(line, (token) => client.join(eventId, token)),
  )
  await steps.count('pollStatus', 'poll of the state of the event', JOINERS, () =>
    forEach(line, () => client.status(eventId)),
  )
  await steps.count('pollProgress', 'poll of the progress of the event', JOINERS, () =>
    forEach(line, () => client.progress(eventId)),
  )
  await steps.count('poll', 'poll of a place', JOINERS, () =>
    forEach(line, (token) => client.poll(eventId, token)),
  )
  await steps.close(eventId)
}

/** The same with streams, all of them near the head. */
async function streamsRun(steps: CountSteps): Promise<void> {
  const { client } = steps
  const others = new CountClient(steps.usher.url, steps.usher.variables)
  const [eventId, line] = await steps.fullEvent(SOME + WATCHED_SECONDS)
  await forEach(line, (token) => client.join(eventId, token))
  const leavers = line.slice(0, WATCHED_SECONDS)
  const listeners = line.slice(WATCHED_SECONDS)
  await forEach(leavers, (token) => others.stream(eventId, token))
  await sleep(SETTLE_MS)
  let closers: (() => void)[] = []
  await steps.count('streamOpen', 'stream opened', SOME, async () => {
    closers = await forEach(listeners, (token) => client.stream(eventId, token))
  })
  // Who has a stream stays present; the silence of others would be marked, and counted with the ticks.
  await steps.count('tick', 'second of an event in which people wait', TICKS_SECONDS, () =>
    sleep(TICKS_SECONDS * 1_000 - SETTLE_MS),
  )
  const seconds = WATCHED_SECONDS * SOME
  await steps.count('streamSecondQuiet', 'second of a stream, nobody moving', seconds, () =>
    sleep(WATCHED_SECONDS * 1_000 - SETTLE_MS),
  )
  await steps.count('streamSecondMoving', 'second of a stream, its position changing', seconds, async () => {
    const endsAtMs = Date.now() + WATCHED_SECONDS * 1_000 - SETTLE_MS
    for (const [index, token] of leavers.entries()) {
      await others.leave(eventId, token)
      await sleep((endsAtMs - Date.now()) / (leavers.length - index))
    }
  })
  for (const close of closers) close()
  // The line notices closed connections when it writes to them.
  await sleep(7_000)
  await steps.count('streamReopen', 'stream opened again after it was lost', SOME, async () => {
    closers = await forEach(listeners, (token) => client.stream(eventId, token))
  })
  for (const close of closers) close()
  await steps.close(eventId)
}

/** The opening: a thousand go in at once. */
async function batchRun(steps: CountSteps): Promise<void> {
  const { client } = steps
  const eventId = await client.event({ capacity: MANY, status: 'paused' })
  // The pool's first use tells its generation, which belongs to the event.
  const [first = '', ...visitors] = await steps.visitors(MANY + 1)
  await client.join(eventId, first)
  await client.operator('POST', `${eventId}/resume`, {})
  await steps.admitted(eventId, first)
  await client.operator('POST', `${eventId}/pause`, {})
  await client.leave(eventId, first)
  await forEach(visitors, (token) => client.join(eventId, token))
  await sleep(SETTLE_MS)
  await steps.count(
    'admitOneBatch',
    'visitor admitted in one batch of all, by one resume',
    MANY,
    async () => {
      await client.operator('POST', `${eventId}/resume`, {})
      await sleep(2 * SETTLE_MS)
    },
  )
  const { admitted } = JSON.parse((await client.status(eventId)).text) as { admitted: number }
  if (admitted !== MANY) throw new Error(`${admitted} of ${MANY} were admitted`)
}

/**
 * What is deleted when the retention of ended places is over: who left by the second look, who was inside by the third.
 * The first look is for somebody who left before all of them. Needs an Usher that keeps them for RETENTION_SECONDS.
 * Takes three minutes.
 */
export async function forgettingRun(steps: CountSteps): Promise<void> {
  await steps.warmUp()
  const { client } = steps
  const eventId = await client.event({ capacity: SOME, disconnectGraceSeconds: GRACE_SECONDS })
  const inside = await steps.visitors(SOME)
  const [first = '', ...leavers] = await steps.visitors(SOME + 1)
  await forEach([...inside, first, ...leavers], (token) => client.join(eventId, token))
  const admissions = await forEach(inside, (token) => steps.admitted(eventId, token))
  await client.leave(eventId, first)
  const endedAtMs = Date.now()
  const untilLook = (afterMs: number): Promise<void> =>
    sleep(endedAtMs + afterMs + FORGETTING_LATE_MS - Date.now())
  await sleep(SETTLE_MS)
  await forEach(leavers, (token) => client.leave(eventId, token))
  const [firstMs, leftMs, admittedMs] = FORGETTING_MS
  await untilLook(firstMs)
  await forEach(admissions, ({ admissionId }) =>
    client.shop(`${admissionId}/release`, { outcome: 'completed' }),
  )
  await sleep(SETTLE_MS)
  await steps.count('forgetLeft', 'ended place forgotten, of somebody who left the line', SOME, () =>
    untilLook(leftMs),
  )
  await steps.count('forgetAdmitted', 'ended place forgotten with its admission', SOME, () =>
    untilLook(admittedMs),
  )
}
