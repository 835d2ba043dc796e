/** What a waiting room shows, as text: made by the server for the first page and by the script from then on. */
import { fill, type Format } from './format.ts'
import { phaseOf, type PacePerMinute, type Room } from './room.ts'
import type { Phase, Texts } from './texts.ts'

export type View = {
  readonly phase: Phase
  /** Of the tab. */
  readonly tabTitle: string
  readonly title: string
  readonly text: string
  /** How the connection is, if that is worth a word. */
  readonly note: string | null
  /** Null: there is no line to show. */
  readonly line: LineView | null
  readonly countdown: string | null
  /** When it opens, below the countdown to it. */
  readonly date: string | null
  readonly next: string | null
  readonly canEnter: boolean
  readonly canLeave: boolean
  /** The button that asks for a place, in the words of the situation. */
  readonly again: string | null
}

export type LineView = {
  readonly position: string
  /** Before a draw: how many take part. */
  readonly ahead: string
  readonly behind: string
  readonly wait: string
  readonly pace: string
  /** 0 at the start, 1 at the head; null before there is an order. */
  readonly progress: number | null
}

/** @param isCounting false: nobody updates the page, so times are said in whole minutes */
export function viewOf(room: Room, texts: Texts, format: Format, isCounting: boolean): View {
  const phase = phaseOf(room)
  const { standing, connection } = room
  const isAlive = standing !== null && standing.state !== 'ended'
  const isOffline = connection === 'offline'
  const isWaiting = standing?.state === 'waiting'
  const line = isWaiting ? lineView(room, standing, texts, format) : null
  const { title, text } = texts.phases[phase]
  const { countdown, date } = timesOf(room, phase, texts, isCounting, format)
  return {
    phase,
    title,
    text,
    line,
    countdown,
    date,
    tabTitle: phase === 'missing' ? title : `${tabPrefix(phase, line, title)}${room.eventName}`,
    note: isOffline ? texts.offline : connection === 'away' && isAlive ? texts.away : null,
    next: nextOf(phase, isWaiting, texts),
    canEnter: phase === 'admitted',
    canLeave: isAlive && phase !== 'entered',
    again: againOf(phase, texts),
  }
}

function lineView(
  { firstPosition, pacePerMinute }: Room,
  {
    position,
    totalWaiting,
    etaSeconds,
  }: { position: number | null; totalWaiting: number; etaSeconds: Parameters<Format['wait']>[0] },
  texts: Texts,
  format: Format,
): LineView {
  const total = Math.max(totalWaiting, position ?? 0)
  const first = Math.max(firstPosition ?? 0, position ?? 0)
  return {
    position: position === null ? '–' : format.number(position),
    ahead: position === null ? format.count(texts.entrants, total) : format.count(texts.ahead, position - 1),
    behind: position === null ? '–' : format.number(total - position),
    wait: format.wait(etaSeconds),
    pace: paceText(pacePerMinute, texts, format),
    progress: position === null ? null : first <= 1 ? 1 : (first - position) / (first - 1),
  }
}

/** The middle of the range, to two digits: more would be a promise. */
function paceText(pace: PacePerMinute | null, texts: Texts, format: Format): string {
  if (pace === null) return texts.unknown
  const middle = Number(((pace.low + pace.high) / 2).toPrecision(2))
  return format.count(texts.perMinute, Math.max(1, Math.round(middle)))
}

function timesOf(
  { standing, opensAt, nowMs }: Room,
  phase: Phase,
  texts: Texts,
  isCounting: boolean,
  format: Format,
): { countdown: string | null; date: string | null } {
  const time = (seconds: number): string =>
    isCounting ? format.countdown(seconds) : format.duration(seconds)
  if (standing?.state === 'admitted' && phase !== 'entered') {
    const seconds = (standing.expiresAtMs - nowMs) / 1_000
    return { countdown: fill(texts.enterWithin, { time: time(seconds) }), date: null }
  }
  const opensAtMs = opensAt === null ? Number.NaN : Date.parse(opensAt)
  const isAhead = opensAtMs > nowMs && (phase === 'scheduled' || phase === 'drawing')
  if (!isAhead) return { countdown: null, date: null }
  return {
    countdown: fill(texts.opensIn, { time: time((opensAtMs - nowMs) / 1_000) }),
    date: fill(texts.opensAt, { time: format.date(opensAtMs) }),
  }
}

/** A tab in the background shows little else. */
function tabPrefix(phase: Phase, line: LineView | null, title: string): string {
  if (phase === 'admitted' || phase === 'ready') return `● ${title} · `
  return line === null || line.progress === null ? '' : `${line.position} · `
}

function nextOf(phase: Phase, isWaiting: boolean, texts: Texts): string | null {
  if (phase === 'drawing') return texts.nextDrawing
  if (phase === 'scheduled') return texts.nextScheduled
  return isWaiting ? texts.nextWaiting : null
}

function againOf(phase: Phase, texts: Texts): string | null {
  switch (phase) {
    case 'outside':
      return texts.join
    case 'replaced':
      return texts.here
    case 'left':
    case 'expired':
    case 'completed':
    case 'lost':
      return texts.again
    case 'sold_out':
    case 'closed':
    case 'stranger':
    case 'busy':
    case 'refused':
    case 'unopened':
      return texts.look
    default:
      return null
  }
}
