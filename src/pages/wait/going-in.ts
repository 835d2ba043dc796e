/** Leads the admitted to the shop by itself, where the operator wants that: only who looks at the page, and unless told not yet. */
import type { Format } from './format.ts'
import type { Page } from './page.ts'

export class GoingIn {
  readonly #page: Page
  readonly #format: Format
  #secondsLeft: number | null = null
  #mayGo: () => boolean = () => false

  constructor(page: Page, format: Format) {
    this.#page = page
    this.#format = format
    if (page.data.shop === null) return
    page.element('notYet').addEventListener('click', () => this.stop())
  }

  /** @param mayGo asked once, when it is time */
  start(mayGo: () => boolean): void {
    const seconds = this.#page.data.shop?.enterAfterSeconds ?? 0
    if (seconds === 0 || this.#secondsLeft !== null) return
    this.#secondsLeft = seconds
    this.#mayGo = mayGo
    this.#draw()
  }

  /** Once a second. In a background tab the time stands still. */
  tick(): void {
    if (this.#secondsLeft === null || document.visibilityState !== 'visible') return
    this.#secondsLeft -= 1
    if (this.#secondsLeft > 0) return this.#draw()
    this.stop()
    if (this.#mayGo()) this.#page.element('enter').click()
  }

  stop(): void {
    if (this.#secondsLeft === null) return
    this.#secondsLeft = null
    this.#draw()
  }

  #draw(): void {
    const seconds = this.#secondsLeft
    const text = this.#page.element('goingIn')
    text.hidden = seconds === null
    this.#page.element('notYet').hidden = seconds === null
    if (seconds !== null) text.textContent = this.#format.count(this.#page.data.texts.goingIn, seconds)
  }
}
