/**
 * The last hours of an event in steps of ten seconds, for charts. Made of what the line decides anyway: it needs no
 * timer, and a step in which nothing is decided has no sample. What has not been saved yet is kept here.
 */
import type { LineState } from './line-state.ts'
import type { Change } from './records.ts'
import type { EpochMs } from './time.ts'
import { WaitTimes } from './wait-times.ts'

export const SERIES_STEP_SECONDS = 10
const STEP_MS = SERIES_STEP_SECONDS * 1_000

/** How far back a chart can look. */
export const SERIES_MINUTES_MAX = 240

/** The watchdog saves once a minute. After two minutes without it the tick does. */
const UNSAVED_MAX = 12

/** How things stand at the end of a step. */
type SampleGauges = {
  readonly waiting: number
  readonly inside: number
  readonly capacity: number
  readonly streams: number
}

/** What happened in a step. */
type SampleCounts = { joined: number; admitted: number; ended: number; noShows: number; errors: number }

export type Sample = SampleGauges &
  Readonly<SampleCounts> & {
    /** The start of the step. */
    readonly atMs: EpochMs
    /** Of those who were admitted in the five minutes before the step's end; null when nobody was. */
    readonly waitSecondsP50: number | null
    readonly waitSecondsP95: number | null
  }

/** What the state does not say. `errorsTotal` only grows while the object lives. */
type Seen = { readonly streams: number; readonly errorsTotal: number }

type OpenStep = { readonly atMs: EpochMs; gauges: SampleGauges; readonly counts: SampleCounts }

export class LineSeries {
  readonly #save: (samples: readonly Sample[]) => void
  #waits = new WaitTimes()
  #open: OpenStep | null = null
  #closed: Sample[] = []
  #errorsTotal = 0

  /** @param save keeps samples, oldest first, each once */
  constructor(save: (samples: readonly Sample[]) => void) {
    this.#save = save
  }

  /** To be called after every decision that changes something, and on every tick. */
  observe(line: LineState, seen: Seen, changes: readonly Change[], nowMs: EpochMs): void {
    const gauges = {
      waiting: line.waiting.size,
      inside: line.ledger.liveCount,
      capacity: line.event.config.capacity,
      streams: seen.streams,
    }
    const step = this.#stepAt(gauges, nowMs)
    step.gauges = gauges
    step.counts.errors += seen.errorsTotal - this.#errorsTotal
    this.#errorsTotal = seen.errorsTotal
    for (const change of changes) this.#count(step, change)
  }

  /** A tick: saves only when the watchdog has not done so for long. */
  tick(nowMs: EpochMs): void {
    this.#closeBefore(nowMs)
    if (this.#closed.length >= UNSAVED_MAX) this.#saveClosed()
  }

  /** The watchdog's call: saves what is over. With nothing new it does nothing. */
  flush(nowMs: EpochMs): void {
    this.#closeBefore(nowMs)
    this.#saveClosed()
  }

  /** What is not saved yet, the step that is not over included; oldest first. */
  unsaved(): readonly Sample[] {
    return this.#open === null ? this.#closed : [...this.#closed, this.#sampleOf(this.#open)]
  }

  /** The event is gone, and its samples with it. */
  clear(): void {
    this.#waits = new WaitTimes()
    this.#open = null
    this.#closed = []
  }

  #stepAt(gauges: SampleGauges, nowMs: EpochMs): OpenStep {
    this.#closeBefore(nowMs)
    this.#open ??= {
      atMs: Math.floor(nowMs / STEP_MS) * STEP_MS,
      gauges,
      counts: { joined: 0, admitted: 0, ended: 0, noShows: 0, errors: 0 },
    }
    return this.#open
  }

  #count(step: OpenStep, change: Change): void {
    if (change.kind === 'place_joined') step.counts.joined += 1
    if (change.kind === 'admission_opened' && change.admission.state !== 'ended') {
      step.counts.admitted += 1
      this.#waits.add(step.atMs, change.admission.admittedAtMs - change.admission.joinedAtMs)
    }
    if (change.kind !== 'admission_changed') return
    const { state, debt, outcome, redeemedAtMs } = change.admission
    // An end owes its lease back; that the gate has confirmed it is no second end.
    if (state !== 'ended' || debt !== 'release') return
    step.counts.ended += 1
    if (outcome === 'expired' && redeemedAtMs === null) step.counts.noShows += 1
  }

  #closeBefore(nowMs: EpochMs): void {
    if (this.#open === null || nowMs < this.#open.atMs + STEP_MS) return
    this.#closed.push(this.#sampleOf(this.#open))
    this.#open = null
  }

  #sampleOf({ atMs, gauges, counts }: OpenStep): Sample {
    const endMs = atMs + STEP_MS
    return {
      atMs,
      ...gauges,
      ...counts,
      waitSecondsP50: this.#waits.quantileSeconds(0.5, endMs),
      waitSecondsP95: this.#waits.quantileSeconds(0.95, endMs),
    }
  }

  #saveClosed(): void {
    if (this.#closed.length === 0) return
    const samples = this.#closed
    // Should saving fail, a gap in a chart is better than a list that grows.
    this.#closed = []
    this.#save(samples)
  }
}
