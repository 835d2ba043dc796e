/** Follows the visitor's place in the line of one event. Speaks only the public HTTP contract, with the cookie. */

import { language, t } from './texts.ts'

type Phase = Exclude<keyof typeof t, 'minutes' | 'hours' | 'enterWithin' | 'nowAt'>
type Eta = { low: number; high: number } | null
type Position = { position: number | null; totalWaiting: number; etaSeconds: Eta }
type Place = Position & {
  state: string
  entryToken: string
  entryTokenExpiresAt: string
  pollAfterMs?: number
}
type Frame = Position & {
  timestamp: number
  entryToken: string
  expiresAt: string
  reason: string
  status: string
}
type Answer = { status: number; body: Place & { code?: string; status: string }; retryMs: number }

const $ = (id: string): HTMLElement => document.getElementById(id) as HTMLElement
const isPhase = (name: string): name is Phase => name in t
const number = (value: number | null): string => (value === null ? '–' : value.toLocaleString(language))
const room = $('room')
const event = `/api/v1/events/${room.dataset['event']}`
const queue = `${event}/queue`
const eventName = document.title

const STREAM_FAILURES_MAX = 3 // then polling
const SILENCE_MS_MAX = 15_000
const POLLS_BETWEEN_STREAMS = 10

let eventStatus = room.dataset['status'] ?? ''
let source: EventSource | null = null
let timer = 0
let failures = 0
let polls = 0
let heardAt = 0
let isOver = false
let skewMs = 0 // the server's clock less ours
let enterBy: number | null = null
let announced = Infinity

// What is shown

function show(
  phase: Phase,
  {
    line = false,
    entry = false,
    again = null,
    title = '',
  }: { line?: boolean; entry?: boolean; again?: 'again' | 'here' | null; title?: string } = {},
): void {
  const text = t[phase]
  if ($('status').textContent !== text) $('status').textContent = text
  $('line').hidden = !line
  $('entry').hidden = !entry
  $('leave').hidden = !line && !entry
  $('again').hidden = again === null
  if (again !== null) $('again').textContent = t[again]
  document.title = title === '' ? eventName : `${title} · ${eventName}`
  if (!entry) enterBy = null
}

function showPosition({ position, totalWaiting, etaSeconds }: Position): void {
  const phase = position === null ? 'drawn' : eventStatus === 'open' ? 'waiting' : eventStatus
  show(isPhase(phase) ? phase : 'waiting', { line: true, title: position === null ? '' : number(position) })
  $('position').textContent = number(position)
  $('total').textContent = number(totalWaiting)
  $('behind').textContent = position === null ? '–' : number(Math.max(0, totalWaiting - position))
  $('eta').textContent = etaText(etaSeconds)
  if (position === null) return
  const first = Math.max(position, Number(sessionStorage.getItem(queue) ?? 0))
  sessionStorage.setItem(queue, String(first))
  const progress = document.querySelector('progress')
  if (progress !== null) progress.value = (first - position + 1) / (first + 1)
  // Read out only when the way has halved: a screen reader should not chatter.
  if (position > announced / 2) return
  announced = position
  $('live').textContent = t.nowAt(number(position))
}

function etaText(eta: Eta): string {
  if (!eta) return t.unknown
  if (eta.high <= 60) return t.soon
  const [unit, words] = eta.high < 5_400 ? ([60, t.minutes] as const) : ([3_600, t.hours] as const)
  const low = Math.max(1, Math.floor(eta.low / unit))
  const high = Math.ceil(eta.high / unit)
  return words(low === high ? `${high}` : `${low}–${high}`)
}

function showEntry(token: string, expiresAt: string): void {
  const form = document.querySelector<HTMLInputElement>('#enter [name=token]')
  show(form ? 'turn' : 'admitted', { entry: true, title: t.turn })
  if (form !== null) form.value = token
  enterBy = Date.parse(expiresAt)
  countDown()
}

function countDown(): void {
  if (enterBy === null) return
  const seconds = Math.ceil((enterBy - Date.now() - skewMs) / 1_000)
  if (seconds <= 0) return show('entered') // Who is not inside hears `expired` next.
  $('countdown').textContent = t.enterWithin(
    `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`,
  )
}

function finish(reason: string): void {
  isOver = true
  disconnect()
  sessionStorage.removeItem(queue)
  announced = Infinity
  const again = reason === 'replaced' ? 'here' : reason === 'sold_out' || reason === 'closed' ? null : 'again'
  show(isPhase(reason) ? reason : 'closed', { again })
}

// The conversation with the server

async function call(method: string, path = queue): Promise<Answer> {
  const init: RequestInit = { method }
  if (method === 'POST') Object.assign(init, { body: '{}', headers: { 'Content-Type': 'application/json' } })
  const response = await fetch(path, init)
  const body = response.status === 204 ? null : await response.json()
  return { status: response.status, body, retryMs: 1_000 * Number(response.headers.get('Retry-After')) }
}

/** Takes a place, or takes up the one there is. `mayJoin`: a place that has ended stays so until the visitor asks. */
async function enterLine(mayJoin: boolean): Promise<void> {
  isOver = false
  let answer = await call('GET')
  if (answer.status === 401) {
    const session = await call('POST', '/api/v1/sessions')
    if (session.status === 401 || session.status === 403) return show('signIn')
    answer = await call('POST')
  } else if (answer.status === 404 || (mayJoin && !isAlive(answer.body))) {
    answer = await call('POST')
  }
  if (answer.status < 300) return take(answer.body)
  const code = answer.body.code
  if (code === 'sold-out') return finish('sold_out')
  show(code === 'queue-rejecting' ? 'refused' : code === 'event-not-open' ? 'notOpen' : 'away')
  later(() => enterLine(mayJoin), Math.max(answer.retryMs, 10_000))
}

const isAlive = ({ state }: Place): boolean => state === 'WAITING' || state === 'ADMITTED'

function take(place: Place): void {
  showPlace(place)
  if (!isOver) connect()
}

function showPlace(place: Place): void {
  if (place.state === 'WAITING') return showPosition(place)
  if (place.state === 'ADMITTED') return showEntry(place.entryToken, place.entryTokenExpiresAt)
  finish(place.state.toLowerCase())
}

function connect(): void {
  disconnect()
  heardAt = Date.now()
  const opened = new EventSource(`${queue}/stream`)
  source = opened
  const on = (type: string, act: (frame: Frame) => void): void =>
    opened.addEventListener(type, ({ data }: MessageEvent<string>) => {
      const frame = JSON.parse(data) as Frame
      failures = 0
      heardAt = Date.now()
      skewMs = frame.timestamp - heardAt
      act(frame)
    })
  on('heartbeat', () => {})
  on('position', showPosition)
  on('promotion', (frame) => showEntry(frame.entryToken, frame.expiresAt))
  on('end', (frame) => finish(frame.reason))
  on('status', (frame) => {
    eventStatus = frame.status
    if (!$('line').hidden) show(isPhase(eventStatus) ? eventStatus : 'waiting', { line: true })
  })
  opened.addEventListener('error', streamFailed)
}

/** A broken connection the browser restores itself, at the server's pace (`retry:`); a refused one is left to us. */
function streamFailed(): void {
  failures += 1
  if (!$('line').hidden) $('status').textContent = t.away
  if (failures >= STREAM_FAILURES_MAX) {
    disconnect()
    run(poll)
  } else if (source?.readyState === EventSource.CLOSED) later(connect, 1_000 * 2 ** failures)
}

async function poll(): Promise<void> {
  const { status, body, retryMs } = await call('GET')
  polls += 1
  if (status === 401 || status === 404) return enterLine(true)
  eventStatus = (await call('GET', event)).body.status
  if (status < 300) showPlace(body)
  if (isOver) return
  const next = polls % POLLS_BETWEEN_STREAMS === 0 ? connect : poll
  later(next, Math.max(retryMs, body.pollAfterMs ?? 5_000))
}

function disconnect(): void {
  clearTimeout(timer)
  source?.close()
  source = null
}

/** With jitter: a crowd that was cut off together should not come back together. */
function later(act: () => unknown, ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(() => run(act), ms * (0.75 + Math.random() / 2))
}

/** What breaks on the way is tried again. */
function run(act: () => unknown): void {
  Promise.resolve()
    .then(act)
    .catch(() => {
      $('status').textContent = t.away
      later(() => enterLine(false), 5_000)
    })
}

const isSilent = (): boolean => Date.now() - heardAt > SILENCE_MS_MAX

/** A phone that slept, the back button, a network that is back: try at once. */
function wake(): void {
  const hasStarted = heardAt > 0
  if (hasStarted && !isOver && document.visibilityState === 'visible' && (source === null || isSilent()))
    run(connect)
}

/** A connection can die without an error. */
function watch(): void {
  countDown()
  if (source === null || !isSilent()) return
  source.close()
  streamFailed()
}

document.documentElement.lang = language
for (const element of document.querySelectorAll<HTMLElement>('[data-t]')) {
  const name = element.dataset['t'] ?? ''
  if (isPhase(name)) element.textContent = t[name]
}
$('progress').ariaLabel = t.progress
$('again').addEventListener('click', () => run(() => enterLine(true)))
$('leave').addEventListener('click', () => {
  if (confirm(t.leaveSure)) run(() => call('DELETE').then(() => finish('left')))
})
document.addEventListener('visibilitychange', wake)
for (const type of ['pageshow', 'online']) addEventListener(type, wake)
setInterval(watch, 1_000)
run(() => enterLine(false))
