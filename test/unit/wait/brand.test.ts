/** A brand is checked as a whole when the Worker starts: what visitors could not read is refused. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CARDS, parseBrand, type Brand } from '../../../src/brand-config.ts'
import { contrast, inkOn, lightenedFor } from '../../../src/colours.ts'
import { configReader, type ConfigEnv, type ConfigProblem } from '../../../src/config-reader.ts'

function brandOf(env: ConfigEnv): { brand: Brand; problems: ConfigProblem[] } {
  const reader = configReader(env)
  return { brand: parseBrand(reader), problems: reader.problems }
}

describe('colours', () => {
  it('are measured as WCAG does', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5)
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
    expect(contrast('#1f5fbf', '#1f5fbf')).toBe(1)
  })

  it('have an ink on them that is read, whichever they are', () => {
    for (let step = 0; step < 4_096; step += 1) {
      const ground = `#${[step >> 8, (step >> 4) & 15, step & 15].map((digit) => digit.toString(16).repeat(2)).join('')}`
      expect(contrast(inkOn(ground), ground)).toBeGreaterThanOrEqual(4.5)
    }
  })

  it('are lightened as far as they have to be', () => {
    expect(lightenedFor('#ffcc00', CARDS.dark, 3)).toBe('#ffcc00')
    expect(contrast(lightenedFor('#00007f', CARDS.dark, 3), CARDS.dark)).toBeGreaterThanOrEqual(3)
  })

  it('stand on the cards of the style sheet', () => {
    const style = readFileSync(new URL('../../../public/wait.css', import.meta.url), 'utf8')
    const cards = Array.from(style.matchAll(/--card: (#\w+);/g), ([, colour]) => colour)
    expect(cards).toEqual([CARDS.light, CARDS.dark])
  })
})

describe('a brand', () => {
  it('without variables is none', () => {
    expect(brandOf({})).toEqual({
      brand: { name: null, logo: null, message: null, style: null, template: null },
      problems: [],
    })
  })

  it('sets the colours for light and dark, with the ink that goes on them', () => {
    const { brand, problems } = brandOf({ BRAND_ACCENT: '#8A0F3C', BRAND_BACKGROUND: '#fff4ee' })
    expect(problems).toEqual([])
    expect(brand.style).toMatch(
      /^:root\{--accent:#8a0f3c;--on-accent:#ffffff;--ground:#fff4ee;--on-ground:#000000\}@media \(prefers-color-scheme:dark\)\{:root\{--accent:#\w{6};--on-accent:#\w{6}\}\}$/,
    )
  })

  it.each([
    ['BRAND_ACCENT', '#ffff66', /contrast of 3 to 1; this one has 1\.1/],
    ['BRAND_ACCENT', 'red', /#rrggbb/],
    ['BRAND_ACCENT', '#123456;}body{display:none', /#rrggbb/],
    ['BRAND_ACCENT_DARK', '#101010', /contrast of 3 to 1/],
    ['BRAND_BACKGROUND', '#12345', /#rrggbb/],
    ['BRAND_NAME', 'n'.repeat(81), /at most 80/],
    ['BRAND_MESSAGE', 'm'.repeat(501), /at most 500/],
    ['BRAND_LOGO', 'https://elsewhere.example/logo.svg', /path of this origin/],
    ['BRAND_LOGO', '//elsewhere.example/logo.svg', /path of this origin/],
    ['BRAND_LOGO', 'data:text/html,<script>', /path of this origin/],
    ['BRAND_LOGO', `data:image/png;base64,${'a'.repeat(5_000)}`, /5000/],
    ['WAIT_TEMPLATE', 'template.html', /path of a file/],
    ['WAIT_TEMPLATE', '/../wrangler.toml', /path of a file/],
  ] as const)('with %s=%s is a fault that names the variable', (variable, value, fault) => {
    const { problems } = brandOf({ [variable]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ variable, fault: expect.stringMatching(fault) })
  })

  it('takes a logo of this origin, or one that comes along', () => {
    for (const logo of ['/logo.svg', 'data:image/svg+xml;base64,PHN2Zy8+']) {
      expect(brandOf({ BRAND_LOGO: logo })).toMatchObject({ brand: { logo }, problems: [] })
    }
  })
})
