/**
 * What is measured: a Worker in a workerd of its own, started as `npm start` starts Usher's. Requests go to the Worker
 * directly, past miniflare's entry, whose cost is several times that of the cheapest paths and would hide ratios.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorker, type WorkerBundle } from '../../dev/bundle.ts'
import { freePort, LOOPBACK } from '../../dev/ports.ts'
import { PROJECT_ROOT } from '../../dev/settings.ts'
import { startWorkerd, type Workerd } from '../../dev/workerd.ts'
import { withInspector } from '../profile/with-inspector.ts'
import { cpuMs, residentMb } from '../measure/cpu.ts'

export type SubjectName = 'usher' | 'inside' | 'floor'

export type Subject = {
  readonly name: SubjectName
  /** Straight to the Worker. */
  readonly url: string
  readonly pid: number
  /** Null unless it was started to be profiled. */
  readonly inspectorPort: number | null
  cpuMs(): number
  residentMb(): number
  /** Runs the scheduled handler once. */
  runCron(): Promise<void>
  stop(): Promise<void>
}

const ROOTS: Readonly<Record<SubjectName, string>> = {
  usher: PROJECT_ROOT,
  inside: fileURLToPath(new URL('../workers/inside', import.meta.url)),
  floor: fileURLToPath(new URL('../workers/floor', import.meta.url)),
}

/** Starts Workers of one run. Each is bundled once; each start has its own storage, empty. */
export class Subjects {
  readonly #directory: string
  readonly #variables: Readonly<Record<string, string>>
  readonly #inspects: boolean
  readonly #bundles = new Map<SubjectName, Promise<WorkerBundle>>()
  #started = 0

  /** `directory`: of this run alone. `variables`: those of the Worker, Redis included. */
  constructor(directory: string, variables: Readonly<Record<string, string>>, inspects: boolean) {
    this.#inspects = inspects
    this.#directory = directory
    this.#variables = variables
  }

  async start(name: SubjectName): Promise<Subject> {
    this.#started += 1
    const stateDir = join(this.#directory, `${this.#started}-${name}`)
    mkdirSync(stateDir, { recursive: true })
    const [bundle, port, directPort] = await Promise.all([this.#bundle(name), freePort(), freePort()])
    const inspectorPort = this.#inspects ? await freePort() : null
    const direct = { unsafeDirectSockets: [{ host: LOOPBACK, port: directPort }] }
    const start = (): Promise<Workerd> => startWorkerd({
      bundle: { ...bundle, options: { ...bundle.options, ...direct } },
      port,
      stateDir,
      recordFile: join(stateDir, 'workerd.json'),
      variables: this.#variables,
      handlesSignals: false,
    })
    const workerd = inspectorPort === null ? await start() : await withInspector(inspectorPort, stateDir, start)
    const pid = workerd.pid()
    if (pid === null) throw new Error('the runtime has no /proc entry: CPU cannot be measured on this system')
    return {
      name,
      url: `http://${LOOPBACK}:${directPort}`,
      pid,
      inspectorPort,
      cpuMs: () => cpuMs(pid),
      residentMb: () => residentMb(pid),
      runCron: () => workerd.scheduled('* * * * *', Date.now()),
      stop: () => workerd.stop(),
    }
  }

  #bundle(name: SubjectName): Promise<WorkerBundle> {
    const known = this.#bundles.get(name)
    if (known !== undefined) return known
    // Kept for this run only: the digest of a cached bundle would not see sources outside of its own folder.
    const bundle = bundleWorker(ROOTS[name], join(this.#directory, 'bundles', name))
    this.#bundles.set(name, bundle)
    return bundle
  }
}
