/** `usher watch`: one event, live. */
import type { Call, Command } from '../command.ts'
import { SERVER_OPTIONS } from '../command.ts'
import { EXIT } from '../exit.ts'

import { operatorServer } from '../server/target.ts'
import { frameOf, sampleLine } from '../watch/frame.ts'
import type { Sample } from '../watch/sample.ts'
import { Screen } from '../watch/screen.ts'
import { watchEvent } from '../watch/watching.ts'
import type { Watched } from '../watch/watching.ts'
import { EVENT_ARGUMENT } from './events.ts'

/** More than any terminal is wide. */
const SAMPLES_KEPT = 500

export const watchCommand: Command = {
  name: 'watch',
  summary: 'One event, live: who waits, who is inside, how fast it moves.',
  detail: [
    'On a terminal a picture that is drawn anew; q or Ctrl-C ends it. Elsewhere a line for each',
    'look; with --json one JSON object a line.',
  ],
  takes: [EVENT_ARGUMENT],
  options: [
    ...SERVER_OPTIONS,
    {
      kind: 'integer',
      name: 'interval',
      value: 'SECONDS',
      min: 1,
      max: 3_600,
      byDefault: 1,
      summary: 'look so often',
    },
    {
      kind: 'integer',
      name: 'count',
      value: 'N',
      min: 1,
      max: 1_000_000,
      summary: 'end after so many looks',
    },
  ],
  examples: ['usher watch spring-sale', 'usher watch spring-sale --json --interval 10 >> spring-sale.ndjson'],
  async run(call) {
    const { args, io, isJson } = call
    const stop = new AbortController()
    const signal = AbortSignal.any([io.signal, stop.signal])
    const watched = {
      server: await operatorServer({ ...call, io: { ...io, signal } }),
      eventId: args.argument('event'),
      intervalMs: (args.integer('interval') ?? 1) * 1_000,
      samplesMax: args.integer('count'),
      signal,
    }
    const isPicture = !isJson && io.stdout.isTTY && io.stdin.isTTY
    if (isPicture) await drawn(call, watched, () => stop.abort())
    else await printed(call, watched)
    // Being ended is how a watch ends.
    return EXIT.ok
  },
}

async function printed({ io, isJson }: Call, watched: Watched): Promise<void> {
  await watchEvent(
    watched,
    (sample) => io.out(isJson ? JSON.stringify(sample) : sampleLine(sample)),
    (trouble) => io.err(`usher: ${trouble}`),
  )
}

async function drawn({ io }: Call, watched: Watched, quit: () => void): Promise<void> {
  const samples: Sample[] = []
  let trouble: string | null = null
  const draw = (): void => screen.draw(frameOf({ samples, trouble, ...screen.size, paint: io.paint }))
  const screen = new Screen(io.stdin, io.stdout, { quit, resize: draw })
  const show = (sample: Sample | null, text: string | null): void => {
    if (sample !== null) samples.push(sample)
    if (samples.length > SAMPLES_KEPT) samples.shift()
    trouble = text
    draw()
  }
  screen.open()
  try {
    await watchEvent(
      watched,
      (sample) => show(sample, null),
      (text) => show(null, text),
    )
  } finally {
    screen.close()
  }
}
