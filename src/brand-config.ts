/** How the waiting page looks as the operator's own. Everything is checked here: a page cannot be mended by its visitors. */
import { contrast, inkOn, isColour, lightenedFor } from './colours.ts'
import type { ConfigReader, ConfigVariable } from './config-reader.ts'

export type Brand = {
  readonly name: string | null
  /** A path of this origin, or a `data:` URL. */
  readonly logo: string | null
  /** Plain text, shown above the line. */
  readonly message: string | null
  /** A style sheet that sets the colours; null: the page's own. */
  readonly style: string | null
  /** The path of an HTML template among the static files. */
  readonly template: string | null
}

/** The grounds on which the accent stands: `--card` of public/wait.css, light and dark. */
export const CARDS = { light: '#ffffff', dark: '#1d2024' } as const

/** WCAG 2.2, 1.4.11: parts of the interface. */
const CONTRAST_MIN = 3
const NAME_CHARS_MAX = 80
const MESSAGE_CHARS_MAX = 500
/** As much as a variable holds, and a third of the page's first load. */
const LOGO_CHARS_MAX = 5_000
/** No `//host`, and nothing that could close an attribute or climb. */
const PATH_PATTERN = /^\/(?!\/)[\w./~-]+$/
const LOGO_DATA_PATTERN = /^data:image\/(svg\+xml|png|webp|jpeg|gif|avif)[;,][\x21-\x7e]+$/

export function parseBrand(reader: ConfigReader): Brand {
  return {
    name: readText(reader, 'BRAND_NAME', NAME_CHARS_MAX),
    logo: readLogo(reader),
    message: readText(reader, 'BRAND_MESSAGE', MESSAGE_CHARS_MAX),
    style: readStyle(reader),
    template: readPath(
      reader,
      'WAIT_TEMPLATE',
      'must be the path of a file in public, such as /wait-template.html',
    ),
  }
}

function readText(reader: ConfigReader, variable: ConfigVariable, charsMax: number): string | null {
  const text = reader.text(variable, '')
  if (text.length > charsMax) reader.fault(variable, `must have at most ${charsMax} characters`)
  return text === '' ? null : text
}

function readPath(reader: ConfigReader, variable: ConfigVariable, fault: string): string | null {
  const path = reader.text(variable, '')
  if (path === '') return null
  if (!PATH_PATTERN.test(path) || path.includes('..')) reader.fault(variable, fault)
  return path
}

function readLogo(reader: ConfigReader): string | null {
  const logo = reader.text('BRAND_LOGO', '')
  const fault = `must be a path of this origin such as /logo.svg, or a data: URL of an image of at most ${LOGO_CHARS_MAX} characters`
  if (!logo.startsWith('data:')) return readPath(reader, 'BRAND_LOGO', fault)
  if (logo.length > LOGO_CHARS_MAX || !LOGO_DATA_PATTERN.test(logo)) reader.fault('BRAND_LOGO', fault)
  return logo
}

function readStyle(reader: ConfigReader): string | null {
  const accent = readAccent(reader, 'BRAND_ACCENT', CARDS.light)
  const ownDark = readAccent(reader, 'BRAND_ACCENT_DARK', CARDS.dark)
  const accentDark = ownDark ?? (accent === null ? null : lightenedFor(accent, CARDS.dark, CONTRAST_MIN))
  const light = rule(accent, readColour(reader, 'BRAND_BACKGROUND'))
  const dark = rule(accentDark, readColour(reader, 'BRAND_BACKGROUND_DARK'))
  if (light === '' && dark === '') return null
  return `${light}@media (prefers-color-scheme:dark){${dark}}`
}

function rule(accent: string | null, background: string | null): string {
  const colours = [
    ...(accent === null ? [] : [`--accent:${accent}`, `--on-accent:${inkOn(accent)}`]),
    ...(background === null ? [] : [`--ground:${background}`, `--on-ground:${inkOn(background)}`]),
  ]
  return colours.length === 0 ? '' : `:root{${colours.join(';')}}`
}

function readAccent(reader: ConfigReader, variable: ConfigVariable, ground: string): string | null {
  const accent = readColour(reader, variable)
  if (accent === null) return null
  const ratio = contrast(accent, ground)
  if (ratio >= CONTRAST_MIN) return accent
  reader.fault(
    variable,
    `must stand out from ${ground} by a contrast of ${CONTRAST_MIN} to 1; this one has ${ratio.toFixed(1)}`,
  )
  return null
}

function readColour(reader: ConfigReader, variable: ConfigVariable): string | null {
  const colour = reader.text(variable, '')
  if (colour === '') return null
  if (isColour(colour)) return colour.toLowerCase()
  reader.fault(variable, 'must be a colour as #rrggbb')
  return null
}
