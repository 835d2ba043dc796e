/** A short sound for the turn. Browsers play nothing before the visitor has touched the page, hence the button. */
import type { Texts } from './texts.ts'

const PREFERENCE = 'usher-sound'
/** Two notes, a fifth apart: [Hz, seconds from the start]. */
const NOTES = [
  [659.25, 0],
  [987.77, 0.18],
] as const
const NOTE_SECONDS = 0.9
const LOUDNESS = 0.18

export class Chime {
  readonly #button: HTMLElement
  readonly #texts: Pick<Texts, 'soundOn' | 'soundOff'>
  #context: AudioContext | null = null
  #isWanted = stored() !== 'off'

  constructor(button: HTMLElement, texts: Pick<Texts, 'soundOn' | 'soundOff'>) {
    this.#button = button
    this.#texts = texts
    button.addEventListener('click', () => void this.#toggle())
    // Any touch of the page lets it play; who has turned the sound off has it off.
    addEventListener('pointerdown', ({ target }) => {
      if (this.#isWanted && target !== button) void this.#unlock()
    })
    this.#draw()
  }

  /** Offers the button while there is something to wait for. */
  offer(isOffered: boolean): void {
    this.#button.hidden = !isOffered || typeof AudioContext === 'undefined'
  }

  /** @returns whether it is heard, as far as the page can know */
  play(): boolean {
    const context = this.#context
    if (!this.#isOn || context === null) return false
    for (const [frequency, atSeconds] of NOTES) strike(context, frequency, context.currentTime + atSeconds)
    return true
  }

  get #isOn(): boolean {
    return this.#isWanted && this.#context?.state === 'running'
  }

  async #toggle(): Promise<void> {
    this.#isWanted = !this.#isOn
    store(this.#isWanted ? 'on' : 'off')
    if (this.#isWanted) await this.#unlock()
    else this.#draw()
    this.play()
  }

  async #unlock(): Promise<void> {
    this.#context ??= new AudioContext()
    await this.#context.resume()
    this.#draw()
  }

  #draw(): void {
    this.#button.textContent = this.#isOn ? this.#texts.soundOff : this.#texts.soundOn
  }
}

function strike(context: AudioContext, frequency: number, atSeconds: number): void {
  const tone = context.createOscillator()
  const loudness = context.createGain()
  tone.frequency.value = frequency
  loudness.gain.setValueAtTime(0, atSeconds)
  loudness.gain.linearRampToValueAtTime(LOUDNESS, atSeconds + 0.02)
  loudness.gain.exponentialRampToValueAtTime(0.001, atSeconds + NOTE_SECONDS)
  tone.connect(loudness).connect(context.destination)
  tone.start(atSeconds)
  tone.stop(atSeconds + NOTE_SECONDS)
}

/** A browser may keep nothing: the choice then holds for this page. */
function stored(): string | null {
  try {
    return localStorage.getItem(PREFERENCE)
  } catch {
    return null
  }
}

function store(value: string): void {
  try {
    localStorage.setItem(PREFERENCE, value)
  } catch {
    // See above.
  }
}
