import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { pauseSeconds, RETRIES_MAX } from '../../../src/outbound/backoff.ts'

const pauses = Array.from({ length: RETRIES_MAX }, (_, index) => pauseSeconds(index + 1))

describe('the pauses between the attempts of a webhook', () => {
  it('double from two seconds to an hour, and are four hours together', () => {
    expect(pauses.slice(0, 4)).toEqual([2, 4, 8, 16])
    expect(pauses.every((pause, index) => pause >= (pauses[index - 1] ?? 0))).toBe(true)
    expect(pauses.at(-1)).toBe(3_600)
    expect(Math.round(pauses.reduce((sum, pause) => sum + pause, 0) / 360) / 10).toBe(4.1)
  })

  it('are as long as the shop asks for, if that is longer, and never longer than an hour', () => {
    expect([pauseSeconds(1, 30), pauseSeconds(5, 1), pauseSeconds(1, 86_400)]).toEqual([30, 32, 3_600])
  })

  it('are as many as the queue of a deployment allows, and somebody takes what is left then', () => {
    const consumers = readFileSync('wrangler.toml', 'utf8').split('[[queues.consumers]]').slice(1)
    const [live = '', dead = ''] = consumers
    expect(live).toContain(`\nmax_retries = ${RETRIES_MAX}\n`)
    expect(live).toContain('\ndead_letter_queue = "usher-webhooks-dead"\n')
    expect(dead).toContain('\nqueue = "usher-webhooks-dead"\n')
  })
})
