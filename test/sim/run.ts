/**
 * Runs many seeds on all cores: `npm run test:sim [-- --seeds N]`. A seed that breaks a promise is shrunk and printed with
 * the one command that replays it; `--seed N --trace` shows what happened.
 */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { simulateDrop } from './drops/simulate.ts'
import { simulatePurchase } from './purchase/simulate.ts'
import { simulate as simulateLine, type SimulationOptions, type Verdict } from './simulate.ts'

const CORES = 2
/** Seeds that a thread is given at a time. */
const PORTION = 100
const PROGRESS_MS = 5_000
/**
 * A sale takes ten times as long as a line, a drop five times: every tenth seed has both too. With `--sales` or `--drops` all
 * have one, and nothing else.
 */
const SALE_EVERY = 10
/** Failing seeds that are shrunk and printed. */
const PRINTED_MAX = 5

type Task = { readonly from: number; readonly to: number; readonly options: Settings }
type Range = { readonly from: number; readonly seeds: number; readonly failuresMax: number }
type Settings = Omit<SimulationOptions, 'seed' | 'mutant' | 'trace'> & {
  readonly sales: boolean
  readonly drops: boolean
}

if (isMainThread) await main()
else parentPort?.on('message', (task: Task) => void work(task))

async function work({ from, to, options }: Task): Promise<void> {
  const failed: number[] = []
  let events = 0
  let admissions = 0
  for (let seed = from; seed < to; seed += 1) {
    const verdict = await simulate({ ...options, seed, mutant: null, trace: null })
    events += verdict.events
    admissions += verdict.admissions
    if (verdict.violation !== null) failed.push(seed)
    // The queue of ticks is never empty inside a simulation; here everything else gets its turn.
    await new Promise((resolve) => setImmediate(resolve))
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage({ seeds: to - from, events, admissions, failed })
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string', default: '100000' },
      from: { type: 'string', default: '1' },
      steps: { type: 'string', default: '200' },
      visitors: { type: 'string', default: '14' },
      without: { type: 'string', default: '' },
      /** Stops after so many failed seeds. */
      failures: { type: 'string', default: '5' },
      strict: { type: 'boolean', default: false },
      sales: { type: 'boolean', default: false },
      drops: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
    },
  })
  const settings: Settings = {
    steps: Number(values.steps),
    visitors: Number(values.visitors),
    without: values.without.split(','),
    strict: values.strict,
    sales: values.sales,
    drops: values.drops,
  }
  if (values.seed === undefined)
    await many(
      { from: Number(values.from), seeds: Number(values.seeds), failuresMax: Number(values.failures) },
      settings,
    )
  else await one(Number(values.seed), settings, values.trace)
}

async function one(seed: number, settings: Settings, isTraced: boolean): Promise<void> {
  const trace = isTraced ? (line: string) => console.log(line) : null
  const { violation, events, admissions } = await simulate({ ...settings, seed, mutant: null, trace })
  console.log(`seed ${seed}: ${events} events, ${admissions} admissions`)
  if (violation === null) return
  console.error(violation.message)
  process.exitCode = 1
}

async function many(range: Range, settings: Settings): Promise<void> {
  const { from, seeds, failuresMax } = range
  const startedMs = performance.now()
  const end = from + seeds
  const failed: number[] = []
  const sum = { seeds: 0, events: 0, admissions: 0 }
  let next = from
  const report = () => {
    const seconds = (performance.now() - startedMs) / 1_000
    const rate = Math.round(sum.seeds / seconds)
    const what = `${sum.seeds} seeds, ${sum.events} events, ${sum.admissions} admissions`
    console.log(`${what} in ${seconds.toFixed(0)} s (${rate} seeds/s), ${failed.length} failed`)
  }
  const timer = setInterval(report, PROGRESS_MS)
  const thread = async () => {
    const worker = new Worker(new URL(import.meta.url))
    while (next < end && failed.length < failuresMax) {
      const task: Task = { from: next, to: Math.min(next + PORTION, end), options: settings }
      next = task.to
      const answered = once(worker, 'message') as Promise<[typeof sum & { failed: number[] }]>
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(task)
      const [result] = await answered
      sum.seeds += result.seeds
      sum.events += result.events
      sum.admissions += result.admissions
      failed.push(...result.failed)
    }
    await worker.terminate()
  }
  await Promise.all(Array.from({ length: CORES }, thread))
  clearInterval(timer)
  report()
  if (failed.length > PRINTED_MAX) console.error(`failed: ${failed.join(' ')}`)
  for (const seed of failed.slice(0, PRINTED_MAX)) console.error(await shrunk(seed, settings))
  if (failed.length > 0) process.exitCode = 1
}

/** The world of a line, and for some seeds those of a sale and of a drop. */
async function simulate(options: SimulationOptions & Settings): Promise<Verdict> {
  if (options.sales) return simulateSale(options)
  if (options.drops) return simulateCoupons(options)
  const line = await simulateLine(options)
  if (line.violation !== null || options.seed % SALE_EVERY !== 0) return line
  const sale = await simulateSale(options)
  const drop = await simulateCoupons(options)
  const events = line.events + sale.events + drop.events
  return { ...line, violation: sale.violation ?? drop.violation, events }
}

/** Nobody is admitted to a drop that stands alone. */
async function simulateCoupons({ seed, steps, visitors, trace }: SimulationOptions): Promise<Verdict> {
  const { violation, events } = await simulateDrop({ seed, steps, visitors, trace, mutant: null })
  return { seed, violation, events, admissions: 0 }
}

/** Every reservation that was paid for began with an admission. */
async function simulateSale({ seed, steps, visitors, trace }: SimulationOptions): Promise<Verdict> {
  const { violation, events, sold } = await simulatePurchase({ seed, steps, visitors, trace, mutant: null })
  return { seed, violation, events, admissions: sold }
}

/** The smallest world of this seed that still breaks the same promise, with fewer steps and fewer visitors. */
async function shrunk(seed: number, settings: Settings): Promise<string> {
  const run = (change: Partial<Settings>): Promise<Verdict> =>
    simulate({ ...settings, ...change, seed, mutant: null, trace: null })
  const first = (await run({})).violation
  if (first === null)
    return `seed ${seed} failed, and does not when it is replayed: the simulation leaks state`
  let smallest = { steps: settings.steps, visitors: settings.visitors }
  let message = first.message
  for (let tries = 0; tries < 40; tries += 1) {
    const { steps, visitors } = smallest
    const candidates = [
      { steps: Math.floor(steps / 2), visitors },
      { steps: Math.floor(steps * 0.9), visitors },
      { steps, visitors: visitors - 1 },
    ].filter((one) => one.visitors > 0 && (one.steps < steps || one.visitors < visitors))
    const before = smallest
    for (const candidate of candidates) {
      const { violation } = await run(candidate)
      if (violation?.id !== first.id) continue
      smallest = candidate
      message = violation.message
      break
    }
    if (smallest === before) break
  }
  const flags = `--steps ${smallest.steps} --visitors ${smallest.visitors}${settings.strict ? ' --strict' : ''}${settings.sales ? ' --sales' : ''}${settings.drops ? ' --drops' : ''}`
  return `${message}\n  npm run test:sim -- --seed ${seed} ${flags} --trace`
}
