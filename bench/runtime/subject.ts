/**
 * What is measured: a Worker in a workerd of its own, started as `npm start` starts Usher's. Requests go to the Worker
 * directly, past miniflare's entry, whose cost is several times that of the cheapest paths and would hide ratios.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { WorkerBundle } from '../../dev/bundle.ts'
import { freePort, LOOPBACK } from '../../dev/ports.ts'
import { migrateRecords } from '../../dev/records.ts'
import { PROJECT_ROOT } from '../../dev/settings.ts'
import { startWorkerd, type Workerd } from '../../dev/workerd.ts'
import { withInspector } from '../profile/with-inspector.ts'
import type { Bundles, SubjectName } from './bundles.ts'
import { cpuMs } from '../measure/cpu.ts'

export type Subject = {
  readonly name: SubjectName
  /** Straight to the Worker. */
  readonly url: string
  readonly pid: number
  /** Null unless it was started to be profiled. */
  readonly inspectorPort: number | null
  /** The bundle that runs. */
  readonly script: string
  cpuMs(): number
  /** Runs the scheduled handler once. */
  runCron(): Promise<void>
  stop(): Promise<void>
}

export type SubjectsOptions = {
  /** Of this run alone. */
  readonly directory: string
  readonly bundles: Bundles
  /** Those of the Worker, Redis included. */
  readonly variables: Readonly<Record<string, string>>
  /** Behind Usher's Hyperdrive; null: there is none. */
  readonly postgresUrl: string | null
  /** Opens each one's inspector. */
  readonly inspects: boolean
}

/** Starts Workers of one run; each start has its own storage, empty. */
export class Subjects {
  readonly #options: SubjectsOptions
  #started = 0

  constructor(options: SubjectsOptions) {
    this.#options = options
  }

  /** Of this run alone. */
  get directory(): string {
    return this.#options.directory
  }

  /** `inspects`: opens the inspector of this one, whatever the options say. */
  async start(name: SubjectName, inspects = this.#options.inspects): Promise<Subject> {
    const { directory, bundles, variables, postgresUrl } = this.#options
    const bundle = bundles[name]
    this.#started += 1
    const stateDir = join(directory, `${this.#started}-${name}`)
    mkdirSync(stateDir, { recursive: true })
    const [port, directPort] = await Promise.all([freePort(), freePort()])
    const inspectorPort = inspects ? await freePort() : null
    // Without the static files: locally, and only there, a Worker that has some is reached over two more Workers.
    const { assets: _, ...options } = bundle.options
    const direct = { unsafeDirectSockets: [{ host: LOOPBACK, port: directPort }] }
    const start = (): Promise<Workerd> =>
      startWorkerd({
        bundle: { ...bundle, options: { ...options, ...direct } },
        port,
        stateDir,
        recordFile: join(stateDir, 'workerd.json'),
        variables,
        postgresUrl,
        handlesSignals: false,
      })
    const workerd =
      inspectorPort === null ? await start() : await withInspector(inspectorPort, stateDir, start)
    if (name !== 'floor') await migrateRecords(workerd.miniflare, PROJECT_ROOT)
    const pid = workerd.pid()
    if (pid === null) throw new Error('the runtime has no /proc entry: CPU cannot be measured on this system')
    return {
      name,
      url: `http://${LOOPBACK}:${directPort}`,
      pid,
      inspectorPort,
      script: scriptOf(bundle),
      cpuMs: () => cpuMs(pid),
      runCron: () => workerd.scheduled('* * * * *', Date.now()),
      stop: () => workerd.stop(),
    }
  }
}

function scriptOf({ modules }: WorkerBundle): string {
  const contents = modules[0] !== undefined && 'contents' in modules[0] ? modules[0].contents : ''
  return typeof contents === 'string' ? contents : new TextDecoder().decode(contents)
}
