/** What the command line says. */
import { parseArgs } from 'node:util'

export type BenchOptions = {
  /** Null: all of them. */
  readonly only: readonly string[] | null
  /** Pairs of measurements for each path. */
  readonly rounds: number
  /** Of the paths that come at a rate: this one alone, instead of their own. Null: their own. */
  readonly perSecond: number | null
  /** Smaller crowds and shorter rounds: for a look, not for a report. */
  readonly quick: boolean
  readonly json: boolean
  readonly profile: boolean
  readonly plot: boolean
  /** Where profiles are kept. */
  readonly outDir: string
}

const ROUNDS = 5
const QUICK_ROUNDS = 3
/** More than one process can send in time. */
const PER_SECOND_MAX = 5_000

export const USAGE = `usage: npm run bench -- [path...] [options]
  join poll          these paths alone
  --only join,poll   the same; "none" for none
  --rounds 5         pairs of measurements for each path
  --per-second 300   requests a second of "purchase", instead of its 100 and 900
  --quick            smaller crowds and shorter rounds
  --json             the report as JSON on standard output; the progress goes to standard error
  --profile          keeps a CPU profile and a flame graph of each path
  --plot             also measures cost as the line grows, and draws docs/images/bench-*.svg
  --out .bench       where profiles are kept`

/** @throws Error with a text for people. */
export function readOptions(commandLine: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...commandLine],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      'per-second': { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      plot: { type: 'boolean', default: false },
      out: { type: 'string', default: '.bench' },
    },
  })
  const rounds = Number(values.rounds ?? (values.quick ? QUICK_ROUNDS : ROUNDS))
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is "${values.rounds}"; it must be 1 or more`)
  const perSecond = values['per-second'] === undefined ? null : Number(values['per-second'])
  if (perSecond !== null && !(Number.isInteger(perSecond) && perSecond >= 1 && perSecond <= PER_SECOND_MAX))
    throw new Error(`--per-second is "${values['per-second']}"; it must be 1 to ${PER_SECOND_MAX}`)
  const only = [...positionals, ...(values.only?.split(',') ?? [])].map((name) => name.trim())
  return {
    only: only.length === 0 ? null : only,
    rounds,
    perSecond,
    quick: values.quick,
    json: values.json,
    profile: values.profile,
    plot: values.plot,
    outDir: values.out,
  }
}
