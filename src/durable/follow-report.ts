/** What a shard has to tell its line. It is told until an answer shows that it arrived; telling it twice is harmless. */
import type { FollowRequest, RemoteStream } from '../ports/stream-shards.ts'
import type { HeldStreams } from './held-streams.ts'

export class FollowReport {
  readonly #follower: string
  #heard = 0
  #isAll = true
  readonly #opened: RemoteStream[] = []
  readonly #closed: number[] = []
  readonly #retired: number[] = []
  #written = 0
  #skipped = 0

  constructor(follower: string) {
    this.#follower = follower
  }

  /** Something is to be told although no stream is left. */
  get isOwing(): boolean {
    return this.#closed.length > 0 || this.#retired.length > 0
  }

  closed(stream: RemoteStream | undefined): void {
    if (stream !== undefined) this.#closed.push(stream.stream)
  }

  retired(stream: RemoteStream | undefined): void {
    if (stream !== undefined) this.#retired.push(stream.stream)
  }

  /** The line may not know of it. */
  opened({ userId, stream, openedAtMs }: RemoteStream): void {
    this.#opened.push({ userId, stream, openedAtMs })
  }

  /** An opening whose outcome is not known. `older`: the stream that the visitor still has. */
  neverOpened(stream: number, older: RemoteStream | undefined): void {
    this.#closed.push(stream)
    if (older !== undefined) this.opened(older)
  }

  wrote(frames: number): void {
    this.#written += frames
  }

  skipped(): void {
    this.#skipped += 1
  }

  /** The next call tells of every stream. */
  tellAll(): void {
    this.#isAll = true
  }

  heard(answer: number): void {
    this.#heard = answer
  }

  request(held: HeldStreams, due: readonly number[]): FollowRequest {
    return {
      follower: this.#follower,
      heard: this.#heard,
      isAll: this.#isAll,
      opened: this.#isAll
        ? [...held.all()].map(({ userId, stream, openedAtMs }) => ({ userId, stream, openedAtMs }))
        : [...this.#opened],
      closed: [...this.#closed],
      retired: [...this.#retired],
      due,
      framesWritten: this.#written,
      framesSkipped: this.#skipped,
    }
  }

  /** The line has taken it. What has been added since is still to be told. */
  arrived(request: FollowRequest): void {
    if (request.isAll) this.#opened.length = 0
    else this.#opened.splice(0, request.opened.length)
    this.#isAll = false
    this.#closed.splice(0, request.closed.length)
    this.#retired.splice(0, request.retired.length)
    this.#written -= request.framesWritten
    this.#skipped -= request.framesSkipped
  }
}
