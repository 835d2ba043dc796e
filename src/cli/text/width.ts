/** How wide text is on a terminal, and text of others made harmless there. */

const SEGMENTS = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** East Asian Width W and F (Unicode Annex 11), as far as names of events are made of them, and emoji. */
const WIDE =
  /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303F\uFF01-\uFF60\uFFE0-\uFFE6\p{Emoji_Presentation}]/u

// oxlint-disable-next-line no-control-regex -- finding control characters is what it is for
const STYLES = /\u001B\[[0-9;]*m/g

/** Columns that the text takes; styles (SGR sequences) take none. */
export function displayWidth(text: string): number {
  let width = 0
  for (const { segment } of SEGMENTS.segment(text.replaceAll(STYLES, ''))) width += WIDE.test(segment) ? 2 : 1
  return width
}

/** The text cut to `width` columns, with an ellipsis where something is missing. For text without styles. */
export function fitted(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 1
  for (const { segment } of SEGMENTS.segment(text)) {
    used += displayWidth(segment)
    if (used > width) break
    kept += segment
  }
  return width < 1 ? '' : `${kept}…`
}

/** What a server or a file says, on one line and without anything that steers a terminal. */
export function harmless(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}
