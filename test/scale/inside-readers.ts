/** Clients of streams inside of the runtime (test/scale-readers), seen from outside. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROJECT_ROOT } from '../../dev/settings.ts'
import type { Reading } from '../scale-readers/readings.ts'
import type { StreamFigures } from './stream-clients.ts'
import { countsOf } from './stream-tables.ts'

const ENTRY = fileURLToPath(new URL('../scale-readers/worker.ts', import.meta.url))

/** The project with the readers' entry: objects and bindings are those of the deployment. */
export function readersProject(directory: string): string {
  mkdirSync(directory, { recursive: true })
  const toml = readFileSync(join(PROJECT_ROOT, 'wrangler.toml'), 'utf8')
    .replace(/^main = .*$/m, `main = ${JSON.stringify(ENTRY)}`)
    .replace(/^directory = "\.\//m, `directory = "${PROJECT_ROOT}/`)
    // The readers look at no page.
    .replace(/^command = .*$/m, '')
  if (!toml.includes(ENTRY)) throw new Error('wrangler.toml has no main')
  writeFileSync(join(directory, 'wrangler.toml'), toml)
  return directory
}

export class InsideReaders {
  readonly #url: string
  readonly #eventId: string
  readonly #tokens: readonly string[]
  #abort = new AbortController()
  #readings: Reading[] = []
  #latest: Reading | null = null

  constructor(url: string, eventId: string, tokens: readonly string[]) {
    this.#url = url
    this.#eventId = eventId
    this.#tokens = tokens
  }

  /** Resolves when every stream has been told its position. `delayMsMax`: each is opened after up to so long, by chance. */
  async open(delayMsMax = 0): Promise<void> {
    if (this.#tokens.length === 0) return
    const body = JSON.stringify({ eventId: this.#eventId, tokens: this.#tokens, delayMsMax })
    const { signal } = this.#abort
    const response = await fetch(`${this.#url}/scale/read`, { method: 'POST', body, signal })
    return await new Promise((resolve) => {
      void this.#follow(response, resolve)
    })
  }

  /** Breaks all of them off at once and opens them again. */
  async reconnect(delayMsMax: number): Promise<number[]> {
    const startedAtMs = performance.now()
    this.close()
    this.#abort = new AbortController()
    await this.open(delayMsMax)
    const afterMs = performance.now() - startedAtMs
    return this.#tokens.map(() => afterMs)
  }

  beginMeasure(): void {
    this.#readings = []
  }

  figures(): StreamFigures {
    const messages: Record<string, number> = {}
    for (const reading of this.#readings) {
      for (const [name, count] of Object.entries(reading.messages))
        messages[name] = (messages[name] ?? 0) + count
    }
    return {
      messages,
      tickLags: countsOf(this.#readings.flatMap(({ tickLags }) => tickLags)),
      deliveryLags: countsOf(this.#readings.flatMap(({ deliveryLags }) => deliveryLags)),
      told: [],
      grown: this.#latest?.grown ?? 0,
      refused: this.#latest?.refused ?? 0,
      longestRetryMs: 0,
    }
  }

  close(): void {
    this.#abort.abort()
  }

  async #follow(response: Response, opened: () => void): Promise<void> {
    const decoder = new TextDecoder()
    let text = ''
    try {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk, { stream: true })
        const lines = text.split('\n')
        text = lines.pop() ?? ''
        for (const line of lines) this.#take(JSON.parse(line) as Reading)
        if (this.#latest?.open === this.#tokens.length) opened()
      }
    } catch {
      // Broken off by `close`.
    }
  }

  #take(reading: Reading): void {
    this.#latest = reading
    this.#readings.push(reading)
  }
}
