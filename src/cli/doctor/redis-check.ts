/** Whether a Redis behind Upstash's REST API answers, runs Lua, and what its clock says. */
import * as z from 'zod'
import { reasonOf } from '../server/server.ts'
import { harmless } from '../text/width.ts'
import { failing, good } from './check.ts'
import type { Check } from './check.ts'
import { clockCheck } from './clock-check.ts'

/** Needs nothing and changes nothing; a token that may only read cannot call it. */
const CLOCK_SCRIPT = "return redis.call('TIME')"

const ANSWER = z.union([
  z.object({ result: z.tuple([z.coerce.number(), z.coerce.number()]) }),
  z.object({ error: z.string() }),
])

export type RedisAddress = { readonly url: string; readonly token: string }

export async function redisChecks(
  address: RedisAddress,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const askedAtMs = Date.now()
  try {
    const response = await fetch(address.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${address.token}` },
      body: JSON.stringify(['EVAL', CLOCK_SCRIPT, '0']),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    const answer = ANSWER.parse(await response.json())
    const answeredAtMs = Date.now()
    if ('error' in answer) return [refused(response.status, answer.error)]
    const [seconds, microseconds] = answer.result
    const theirsMs = seconds * 1_000 + microseconds / 1_000
    return [
      good('redis', `it answers and runs Lua, in ${answeredAtMs - askedAtMs} ms from here`),
      clockCheck('redis-clock', 'Redis', { theirsMs, resolutionMs: 0, askedAtMs, answeredAtMs }),
    ]
  } catch (error) {
    signal.throwIfAborted()
    const reason = error instanceof z.ZodError ? 'what answers is no Upstash REST API' : reasonOf(error)
    return [
      failing(
        'redis',
        `it does not answer: ${reason}`,
        'look at the database at Upstash, and at UPSTASH_REDIS_REST_URL; places are kept until it is back',
      ),
    ]
  }
}

function refused(status: number, error: string): Check {
  if (status === 401 || status === 403) {
    return failing(
      'redis',
      'it refuses the token',
      'set UPSTASH_REDIS_REST_TOKEN to the REST token of the database',
    )
  }
  return failing(
    'redis',
    `it refuses to run Lua: ${harmless(error)}`,
    'use the REST token that may write, of a database that allows EVAL',
  )
}
