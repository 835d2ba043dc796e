/** What each who waits costs the line in memory, ids included. */
import { setImmediate as turn } from 'node:timers/promises'
import type { LineState } from '../../src/core/line-state.ts'
import { join } from '../../src/core/line-visitors.ts'
import { lineWith, T0 } from '../unit/core/fixtures.ts'
import { userIdOf } from './join-rush.ts'

/** Visitors who come in one millisecond. */
const AT_ONCE = 20

/** Heap and typed arrays, in bytes for each of `visitors`. Needs `--expose-gc`. */
export async function bytesEach(visitors: number): Promise<number> {
  const before = await usedBytes()
  const line = lineWith({ capacity: 0 })
  for (let index = 0; index < visitors; index += 1)
    join(line, userIdOf(index), T0 + Math.floor(index / AT_ONCE))
  const bytes = (await usedBytes()) - before
  return bytes / sizeOf(line)
}

/** Read after the memory was measured, so that the line is still there while it is. */
function sizeOf(line: LineState): number {
  return line.waiting.size
}

async function usedBytes(): Promise<number> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('memory is only measured with --expose-gc')
  for (let round = 0; round < 3; round += 1) {
    await turn()
    gc()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
