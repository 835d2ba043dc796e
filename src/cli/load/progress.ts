/** What is shown while the crowd runs: a block that is redrawn on a terminal, else a plain line now and then. */
import type { Crowd } from './crowd.ts'

const BAR_WIDTH = 40
const PLAIN_LINE_EVERY_MS = 2_000

type Progress = {
  readonly fans: number
  readonly done: number
  readonly waiting: number
  readonly inside: number
  readonly admitted: number
  readonly admittedPerSecond: number
}

/** `admittedPerSecond` is over the whole time since `startedAtMs`. */
export function progressOf({ records }: Crowd, startedAtMs: number, nowMs: number): Progress {
  const unfinished = records.filter(({ outcome }) => outcome === 'unfinished')
  const admitted = records.filter(({ notifiedAtMs }) => notifiedAtMs !== null).length
  return {
    fans: records.length,
    done: records.length - unfinished.length,
    waiting: unfinished.filter(({ joinedAtMs, notifiedAtMs }) => joinedAtMs !== null && notifiedAtMs === null)
      .length,
    inside: unfinished.filter(({ notifiedAtMs }) => notifiedAtMs !== null).length,
    admitted,
    admittedPerSecond: admitted / Math.max(1, (nowMs - startedAtMs) / 1_000),
  }
}

export function progressBlock(progress: Progress): string {
  const share = progress.fans === 0 ? 1 : progress.done / progress.fans
  const full = Math.round(share * BAR_WIDTH)
  return [
    `  ${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${String(Math.floor(share * 100)).padStart(3)} %`,
    `  ${progressLine(progress)}`,
  ].join('\n')
}

export function progressLine({ waiting, inside, done, admittedPerSecond }: Progress): string {
  return `waiting ${waiting}  inside ${inside}  done ${done}  admitted/s ${admittedPerSecond.toFixed(1)}`
}

/** Writes to `out`; call `show` as often as there is news. */
export class ProgressDisplay {
  readonly #out: NodeJS.WriteStream
  #linesDrawn = 0
  #lastPlainMs = 0

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  show(progress: Progress, nowMs: number): void {
    if (this.#out.isTTY) return this.#redraw(progressBlock(progress))
    if (nowMs - this.#lastPlainMs < PLAIN_LINE_EVERY_MS) return
    this.#lastPlainMs = nowMs
    this.#out.write(`${progressLine(progress)}\n`)
  }

  /** ECMA-48: CPL moves up to the start of a line, ED erases below. */
  #redraw(block: string): void {
    const back = this.#linesDrawn === 0 ? '' : `\u001B[${this.#linesDrawn}F\u001B[J`
    this.#out.write(`${back}${block}\n`)
    this.#linesDrawn = block.split('\n').length
  }
}
