/** What a bill is made of: things that happen, each so many times. */
import type { Meter } from './prices.ts'

/** `shopping`: at the shop; `buying`: a seat from the purchase service. `event`: what the event costs however many come. `afterwards`: when the sale is over. */
export type Phase = 'arriving' | 'waiting' | 'shopping' | 'buying' | 'event' | 'afterwards'

/** Something that happens `times` times. */
export type Activity = {
  readonly phase: Phase
  readonly label: string
  readonly times: number
  /** Where `times` comes from. */
  readonly arithmetic: string
  /** What one of it needs of each meter. */
  readonly needs: Readonly<Partial<Record<Meter, number>>>
}

/** A number as people read it. */
export function text(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 })
}
