/** What the clients inside of the runtime have read; see worker.ts. */
export type Reading = {
  /** Streams that have been told a position. */
  readonly open: number
  readonly refused: number
  /** Positions that were larger than one shown before. */
  readonly grown: number
  /** Since the line before, by their names. */
  readonly messages: Readonly<Record<string, number>>
  /** Milliseconds after the second in which a position was due, and after the time that is written in it. */
  readonly tickLags: readonly number[]
  readonly deliveryLags: readonly number[]
}

export class Readings {
  refused = 0
  #open = 0
  #grown = 0
  #messages: Record<string, number> = {}
  #tickLags: number[] = []
  #deliveryLags: number[] = []

  /** `position`: shown last, 0 before the first. Answers the one shown now. */
  heard(text: string, position: number): number {
    const nowMs = Date.now()
    let shown = position
    for (const [, writtenAtMs, name = '', data = ''] of text.matchAll(
      /id: (\d+)\nevent: (\w+)\ndata: (.*)\n/g,
    )) {
      this.#messages[name] = (this.#messages[name] ?? 0) + 1
      if (name === 'position') shown = this.#position(data, Number(writtenAtMs), nowMs, shown)
    }
    return shown
  }

  take(): Reading {
    const reading = {
      open: this.#open,
      refused: this.refused,
      grown: this.#grown,
      messages: this.#messages,
      tickLags: this.#tickLags,
      deliveryLags: this.#deliveryLags,
    }
    this.#messages = {}
    this.#tickLags = []
    this.#deliveryLags = []
    return reading
  }

  #position(data: string, writtenAtMs: number, nowMs: number, before: number): number {
    const position = Number(/"position":(\d+)/.exec(data)?.[1])
    if (before === 0) {
      this.#open += 1
      return position
    }
    if (position > before) this.#grown += 1
    this.#tickLags.push(nowMs - Math.floor(writtenAtMs / 1_000) * 1_000)
    this.#deliveryLags.push(nowMs - writtenAtMs)
    return position
  }
}
