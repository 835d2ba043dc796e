/** The clients of many streams, spread over processes: one process has 20,000 descriptors at most here. */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Order, Report } from './stream-client-process.ts'
import type { StreamFigures } from './stream-clients.ts'

const SCRIPT = fileURLToPath(new URL('stream-client-process.ts', import.meta.url))

export class StreamCrowd {
  readonly #processes: ChildProcess[]

  constructor(processes: number) {
    this.#processes = Array.from({ length: processes }, () => fork(SCRIPT))
  }

  get pids(): number[] {
    return this.#processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  /** Resolves when every stream has been told its position. */
  async open(url: string, eventId: string, tokens: readonly string[]): Promise<void> {
    const share = Math.ceil(tokens.length / this.#processes.length)
    await this.#all((index) => ({
      kind: 'open',
      url,
      eventId,
      tokens: tokens.slice(index * share, (index + 1) * share),
    }))
  }

  async beginMeasure(): Promise<void> {
    await this.#all(() => ({ kind: 'begin' }))
  }

  async figures(): Promise<StreamFigures[]> {
    const reports = await this.#all(() => ({ kind: 'figures' }))
    return reports.flatMap((report) => (report.kind === 'figures' ? [report.figures] : []))
  }

  /** Breaks off so many connections; resolves with the milliseconds until each client was told its position again. */
  async reconnect(streams: number): Promise<number[]> {
    const count = Math.ceil(streams / this.#processes.length)
    const reports = await this.#all(() => ({ kind: 'reconnect', count }))
    return reports.flatMap((report) => (report.kind === 'back' ? [...report.afterMs] : []))
  }

  /** The longest time that any client was told to wait before it comes back. */
  async longestRetryMs(): Promise<number> {
    return Math.max(0, ...(await this.figures()).map(({ longestRetryMs }) => longestRetryMs))
  }

  close(): void {
    for (const child of this.#processes) child.kill('SIGKILL')
  }

  #all(orderOf: (index: number) => Order): Promise<Report[]> {
    return Promise.all(this.#processes.map((child, index) => ask(child, orderOf(index))))
  }
}

function ask(child: ChildProcess, order: Order): Promise<Report> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the clients of the streams have ended'))
    child.once('exit', ended)
    child.once('message', (report) => {
      child.off('exit', ended)
      resolve(report as Report)
    })
    child.send(order)
  })
}
