/** What somebody who waits takes in the memory of a line. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { newEvent } from '../../src/core/line-operator.ts'
import { newLine, type LineState } from '../../src/core/line-state.ts'
import { join } from '../../src/core/line-visitors.ts'
import { drawTools } from '../../src/durable/draw-tools.ts'
import { eventConfigBody, eventConfigOf } from '../../src/http/schemas/event-config.ts'

/** So many visitors are measured at once, in as many lines as that takes: ten alone would drown in the noise. */
const VISITORS = 100_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/**
 * Bytes of heap and of buffers for each, in lines of `waiting`; a line's own share is in it. Measured in this process,
 * on the core alone, with ids as long as those of guests.
 */
export function bytesPerWaiting(waiting: number): number {
  const lines: LineState[] = []
  const beforeBytes = heldBytes()
  for (let made = 0; made < VISITORS; made += waiting) lines.push(lineOf(waiting, made))
  const bytes = (heldBytes() - beforeBytes) / (lines.length * waiting)
  if (lines.some((line) => line.waiting.size !== waiting)) throw new Error('somebody did not join')
  return bytes
}

function lineOf(waiting: number, firstUser: number): LineState {
  const config = eventConfigOf('memory', eventConfigBody.parse({ capacity: 0 }))
  const nowMs = Date.now()
  const line = newLine(newEvent('memory', config, null, nowMs, drawTools))
  for (let index = 0; index < waiting; index += 1) {
    // Made anew as a parsed token makes it, and not as a concatenation that points to its parts.
    const userId = Buffer.from(`g_${String(firstUser + index).padStart(22, '0')}`).toString('latin1')
    join(line, userId, nowMs)
  }
  return line
}

function heldBytes(): number {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
