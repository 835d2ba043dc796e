/** The page's life: takes or takes up a place, follows it, and shows how it stands. */
import { createClient, UsherError, type Following, type Place, type Visit } from '../../client/client.ts'
import { standingOf } from '../../client/standing.ts'
import { Chime } from './chime.ts'
import { formatOf, type Format } from './format.ts'
import { GoingIn } from './going-in.ts'
import { joinOnce } from './joining.ts'
import { memoryOf, type Memory } from './memory.ts'
import { awaitOpening } from './opening.ts'
import type { Page } from './page.ts'
import { paceAt, phaseOf, type Room } from './room.ts'
import type { Phase } from './texts.ts'
import { viewOf } from './view.ts'

/** A connection that is back this soon was not worth a word. */
const AWAY_SHOWN_AFTER_MS = 3_000
const RETRY_MS_MIN = 3_000
const RETRY_MS_MAX = 60_000
const REJECTED_RETRY_MS = 30_000

export class WaitingRoom {
  readonly #page: Page
  readonly #format: Format
  readonly #chime: Chime
  readonly #goingIn: GoingIn
  readonly #client: ReturnType<typeof createClient>
  #room: Room
  #following: Following | null = null
  #memory: Memory | null = null
  /** Usher's clock less this one's. */
  #skewMs: number
  #awaySinceMs: number | null = null
  #refusals = 0
  #phase: Phase | null = null
  #announcedPosition = Number.POSITIVE_INFINITY
  #stopWaiting = (): void => {}

  constructor(page: Page) {
    const { data } = page
    this.#page = page
    this.#format = formatOf(data.language, data.texts)
    this.#chime = new Chime(page.element('sound'), data.texts)
    this.#goingIn = new GoingIn(page, this.#format)
    this.#client = createClient({ eventId: data.eventId })
    this.#skewMs = data.nowMs - Date.now()
    this.#room = {
      ...data,
      hasShop: data.shop !== null,
      standing: null,
      connection: 'connecting',
      firstPosition: null,
    }
  }

  open(): void {
    const { place, refusal } = this.#page.data
    this.#page.element('againForm').addEventListener('submit', (event) => this.#onAgain(event))
    this.#page.element('leaveForm').addEventListener('submit', (event) => this.#onLeave(event))
    document.addEventListener('visibilitychange', () => this.#onSeen())
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted && !this.#isAlive) location.reload()
    })
    setInterval(() => this.#tick(), 1_000)
    if (place !== null) this.#take(place)
    else if (refusal === 'not-joined') void this.#enter(this.#join)
    else this.#refused(refusal ?? '', 0)
  }

  get #isAlive(): boolean {
    const { standing } = this.#room
    return standing !== null && standing.state !== 'ended'
  }

  // --- The place ----------------------------------------------------------------------------------------------------

  async #enter(ask: () => Promise<Place>): Promise<void> {
    this.#stopWaiting()
    this.#change({ refusal: null, standing: null })
    try {
      this.#take(await ask())
    } catch (error) {
      const isSaid = error instanceof UsherError
      this.#refused(isSaid ? error.code : 'busy', isSaid ? error.retryAfterMs : 0)
    }
  }

  readonly #join = (): Promise<Place> => joinOnce(this.#page.data.eventId, this.#page.data.isKnown)

  /** The place there is, even one that has ended; a new one only for who has none. */
  readonly #resumeOrJoin = async (): Promise<Place> => (await this.#client.resume()) ?? (await this.#join())

  #take(place: Place): void {
    this.#refusals = 0
    this.#following?.close()
    this.#memory = memoryOf(this.#page.data.eventId, place.joinNumber)
    this.#announcedPosition = Number.POSITIVE_INFINITY
    this.#change({ standing: standingOf(place, null), refusal: null, connection: 'connecting' })
    const { eventStatus } = this.#room
    this.#following = this.#client.follow(place, (visit) => this.#told(visit), eventStatus)
  }

  #told({ standing, connection, eventStatus, skewMs }: Visit): void {
    this.#skewMs = skewMs ?? this.#skewMs
    this.#awaySinceMs = connection === 'away' ? (this.#awaySinceMs ?? Date.now()) : null
    this.#change({ standing, connection, eventStatus: eventStatus ?? this.#room.eventStatus })
  }

  #refused(code: string, retryAfterMs: number): void {
    this.#refusals += 1
    this.#change({ refusal: code, standing: null })
    const phase = phaseOf(this.#room)
    if (phase === 'scheduled' || phase === 'unopened') this.#awaitOpening()
    else if (phase === 'refused') this.#later(this.#join, REJECTED_RETRY_MS * (1 + Math.random()))
    else if (phase === 'busy') {
      const backoffMs = Math.random() * Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#refusals)
      this.#later(this.#resumeOrJoin, Math.max(retryAfterMs, backoffMs))
    }
  }

  #later(ask: () => Promise<Place>, ms: number): void {
    const timer = setTimeout(() => void this.#enter(ask), ms)
    this.#stopWaiting = () => clearTimeout(timer)
  }

  #awaitOpening(): void {
    const { opensAt } = this.#room
    this.#stopWaiting = awaitOpening({
      eventId: this.#page.data.eventId,
      opensAtMs: opensAt === null ? null : Date.parse(opensAt) - this.#skewMs,
      opened: () => void this.#enter(this.#join),
      changed: (eventStatus) => this.#change({ eventStatus }),
    })
  }

  // --- What the visitor does ----------------------------------------------------------------------------------------

  #onAgain(event: Event): void {
    const phase = phaseOf(this.#now())
    if (phase === 'replaced') void this.#enter(this.#resumeOrJoin)
    else if (this.#room.standing?.state === 'ended') void this.#enter(this.#join)
    // Looking again is what the form does by itself.
    else return
    event.preventDefault()
  }

  #onLeave(event: Event): void {
    event.preventDefault()
    if (confirm(this.#page.data.texts.leaveSure)) void this.#leave()
  }

  async #leave(): Promise<void> {
    try {
      await this.#client.leave()
      this.#following?.close()
      this.#change({ standing: { state: 'ended', reason: 'left' } })
    } catch {
      // Not heard: the visitor is still in line, and told that the connection is away.
      this.#change({ connection: 'away' })
    }
  }

  /** The tab that is looked at is the one that follows. */
  #onSeen(): void {
    const { standing } = this.#room
    const isReplaced = standing?.state === 'ended' && standing.reason === 'replaced'
    if (isReplaced && document.visibilityState === 'visible') void this.#enter(this.#resumeOrJoin)
  }

  // --- What is shown ------------------------------------------------------------------------------------------------

  #now(): Room {
    const nowMs = Date.now()
    const { connection } = this.#room
    const isBrief = this.#awaySinceMs !== null && nowMs - this.#awaySinceMs < AWAY_SHOWN_AFTER_MS
    return { ...this.#room, nowMs: nowMs + this.#skewMs, connection: isBrief ? 'connecting' : connection }
  }

  #tick(): void {
    this.#goingIn.tick()
    this.#draw()
  }

  #change(change: Partial<Room>): void {
    this.#room = { ...this.#room, ...change, ...this.#progressOf(change.standing ?? null) }
    const phase = this.#phase
    this.#draw()
    // A new situation is more than a step.
    if (this.#phase === phase) this.#announcePosition()
  }

  #progressOf(standing: Room['standing']): Partial<Room> {
    if (standing?.state !== 'waiting' || standing.position === null) return {}
    const { position, etaSeconds } = standing
    const before = this.#room.standing
    const hasMoved = before?.state === 'waiting' && before.position !== position
    return {
      firstPosition: this.#memory?.firstPosition(position) ?? null,
      pacePerMinute: paceAt(position, etaSeconds) ?? this.#room.pacePerMinute,
      // Whoever moves is not held.
      isHolding: this.#room.isHolding && !hasMoved,
    }
  }

  #draw(): void {
    const { texts } = this.#page.data
    const room = this.#now()
    this.#page.show(viewOf(room, texts, this.#format, true))
    this.#chime.offer(room.standing?.state === 'waiting')
    const phase = phaseOf(room)
    if (phase === this.#phase) return
    this.#phase = phase
    this.#entered(phase)
  }

  #entered(phase: Phase): void {
    const { title, text } = this.#page.data.texts.phases[phase]
    this.#announce(`${title}. ${text}`)
    const { standing } = this.#room
    const isTurn = standing?.state === 'admitted' && phase !== 'entered'
    this.#page.element('icon').setAttribute('href', isTurn ? '/icon-turn.svg' : '/icon.svg')
    if (!isTurn) return this.#goingIn.stop()
    this.#page.hold(standing.entryToken)
    this.#chime.play()
    this.#page.element(phase === 'admitted' ? 'enter' : 'title').focus()
    const memory = this.#memory
    this.#goingIn.start(() => memory?.isFirstEntry() === true)
  }

  /** Read out when half of the way is done: a screen reader should not chatter. */
  #announcePosition(): void {
    const { standing } = this.#room
    const position = standing?.state === 'waiting' ? standing.position : null
    if (position === null || position > this.#announcedPosition / 2) return
    const isFirst = this.#announcedPosition === Number.POSITIVE_INFINITY
    this.#announcedPosition = position
    if (isFirst) return
    this.#announce(this.#page.data.texts.nowAt.replace('{n}', this.#format.number(position)))
  }

  #announce(text: string): void {
    this.#page.element('live').textContent = text
  }
}
