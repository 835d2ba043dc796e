/** The terminal while `usher watch` has it: the alternate screen, given back as it was. */

/** ECMA-48 and xterm: the alternate screen (1049), the cursor (25) and wrapping at the edge (7). */
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l'
const LEAVE = '\u001B[?7h\u001B[?25h\u001B[?1049l'
const HOME = '\u001B[H'
const ERASE_LINE = '\u001B[K'
const ERASE_BELOW = '\u001B[J'

const CTRL_C = '\u0003'

export type ScreenInput = Pick<NodeJS.ReadStream, 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>
export type ScreenOutput = Pick<NodeJS.WriteStream, 'write' | 'on' | 'off' | 'columns' | 'rows'>

export class Screen {
  readonly #input: ScreenInput
  readonly #output: ScreenOutput
  readonly #onQuit: () => void
  readonly #onResize: () => void
  readonly #onKey = (chunk: Buffer): void => {
    // In raw mode Ctrl-C is a character and not a signal.
    const keys = chunk.toString()
    if (/q/i.test(keys) || keys.includes(CTRL_C)) this.#onQuit()
  }
  #isOpen = false

  constructor(input: ScreenInput, output: ScreenOutput, on: { quit: () => void; resize: () => void }) {
    this.#input = input
    this.#output = output
    this.#onQuit = on.quit
    this.#onResize = on.resize
  }

  /** In which a frame must fit. */
  get size(): { columns: number; rows: number } {
    // The last column stays free: erasing behind a line that fills it would take its last letter.
    return { columns: (this.#output.columns || 80) - 1, rows: this.#output.rows || 24 }
  }

  open(): void {
    this.#isOpen = true
    this.#output.write(ENTER)
    this.#output.on('resize', this.#onResize)
    this.#input.setRawMode(true)
    this.#input.on('data', this.#onKey)
    this.#input.resume()
  }

  /** Over what is there, in one write: nothing flickers. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return
    this.#output.write(HOME + lines.map((line) => line + ERASE_LINE).join('\r\n') + ERASE_BELOW)
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#input.off('data', this.#onKey)
    this.#input.setRawMode(false)
    this.#input.pause()
    this.#output.off('resize', this.#onResize)
    this.#output.write(LEAVE)
  }
}
