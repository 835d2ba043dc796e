/** Which of the languages in src/pages/locales a visitor reads, by `Accept-Language` (RFC 9110, 12.5.4). */
import type { Texts } from '../pages/wait/texts.ts'

export type Language = { readonly tag: string; readonly texts: Texts }

/** What somebody reads of whose languages there is none. */
const BY_DEFAULT = 'en'
/** More are noise, or an attack. */
const TAGS_MAX = 10
const TAG_PATTERN = /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/

/** @returns the first of the visitor's languages that there is a file of; a region falls to its language */
export async function languageFor(acceptLanguage: string | null): Promise<Language> {
  for (const tag of wantedTags(acceptLanguage ?? '')) {
    const texts = (await textsOf(tag)) ?? (await textsOf(tag.split('-')[0] ?? ''))
    if (texts !== null) return { tag, texts }
  }
  const texts = await textsOf(BY_DEFAULT)
  if (texts === null) throw new Error(`src/pages/locales has no ${BY_DEFAULT}.ts`)
  return { tag: BY_DEFAULT, texts }
}

/** In the order of preference. */
function wantedTags(header: string): string[] {
  return header
    .toLowerCase()
    .split(',', TAGS_MAX)
    .map((entry) => {
      const [tag = '', ...parameters] = entry.split(';').map((part) => part.trim())
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
      return { tag, quality: Number(quality) }
    })
    .filter(({ tag, quality }) => TAG_PATTERN.test(tag) && quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag)
}

/** The bundler makes a table of all files that fit, so a language is one file and no list. Null: there is none. */
async function textsOf(tag: string): Promise<Texts | null> {
  try {
    const file = (await import(`../pages/locales/${tag}.ts`)) as { texts: Texts }
    return file.texts
  } catch {
    // No such file.
    return null
  }
}
