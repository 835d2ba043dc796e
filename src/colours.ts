/** Colours as `#rrggbb`, and whether they can be told apart: WCAG 2.2, relative luminance and contrast ratio. */

const PATTERN = /^#[0-9a-f]{6}$/i
/** What stands on a coloured button. */
const INKS = ['#ffffff', '#000000'] as const

export function isColour(text: string): boolean {
  return PATTERN.test(text)
}

/** 1 for the same colour, 21 for black on white. */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].toSorted((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** The ink that is read best on `ground`: 4.5 to 1 or more, whatever the ground. */
export function inkOn(ground: string): string {
  return contrast(INKS[0], ground) >= contrast(INKS[1], ground) ? INKS[0] : INKS[1]
}

/** `colour` mixed with as much white as it takes to stand out from `ground` by `ratio`. */
export function lightenedFor(colour: string, ground: string, ratio: number): string {
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = `#${channels(colour)
      .map((value) => Math.round(value + (255 - value) * share))
      .map((value) => value.toString(16).padStart(2, '0'))
      .join('')}`
    if (contrast(mixed, ground) >= ratio) return mixed
  }
  return '#ffffff'
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
}
