/** CPU profiles of measured paths, kept as files: for DevTools (.cpuprofile) and for the eye (.svg). */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { flameGraph, selfTimes, type CpuProfile } from './flame-graph.ts'
import { Inspector } from './inspector.ts'
import { namedBySource } from './source-names.ts'
import type { Subject } from '../runtime/subject.ts'

const SAMPLING_INTERVAL_US = 200
const HOTTEST = 12

export class Profiles {
  readonly #directory: string | null

  /** Null: none are taken, and `take` does nothing. */
  constructor(directory: string | null) {
    this.#directory = directory
  }

  /** Runs the work under the profiler, besides the rounds that are measured: sampling has its own cost. */
  async take(
    name: string,
    subject: Pick<Subject, 'name' | 'inspectorPort' | 'script'>,
    work: () => Promise<unknown>,
  ): Promise<void> {
    if (this.#directory === null || subject.inspectorPort === null) return
    const inspector = await Inspector.open(subject.inspectorPort)
    try {
      await inspector.send('Profiler.enable')
      await inspector.send('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US })
      await inspector.send('Profiler.start')
      await work()
      const { profile } = (await inspector.send('Profiler.stop')) as { profile: CpuProfile }
      this.#keep(`${name}-${subject.name}`, namedBySource(profile, subject.script))
    } finally {
      inspector.close()
    }
  }

  #keep(name: string, profile: CpuProfile): void {
    const directory = this.#directory ?? '.'
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, `${name}.cpuprofile`), JSON.stringify(profile))
    writeFileSync(join(directory, `${name}.svg`), flameGraph(name, profile))
    console.error(`${join(directory, name)}.cpuprofile, the hottest of it:`)
    for (const { label, share } of selfTimes(profile).slice(0, HOTTEST)) {
      console.error(`  ${(share * 100).toFixed(1).padStart(5)} % ${label}`)
    }
  }
}
