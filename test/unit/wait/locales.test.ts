/** A language is one file, and whole. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { languageFor } from '../../../src/http/languages.ts'
import { texts as english } from '../../../src/pages/locales/en.ts'
import { PHASES, type Texts } from '../../../src/pages/wait/texts.ts'

const DIRECTORY = new URL('../../../src/pages/locales/', import.meta.url)
const TAGS = readdirSync(DIRECTORY).map((file) => file.replace(/\.ts$/, ''))

/** `phases.waiting.title` and the like, with the text there. A plural is one text of which each form counts. */
function textsIn(texts: object, prefix = ''): [string, string][] {
  return Object.entries(texts).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string'
      ? [[prefix + name, value] as [string, string]]
      : textsIn(value as object, `${prefix}${name}.`),
  )
}

const placeholders = (text: string): string[] =>
  Array.from(text.matchAll(/\{\w+\}/g), ([found]) => found).toSorted()
const isForm = (name: string): boolean => /\.(zero|one|two|few|many)$/.test(name)

describe.each(TAGS)('%s', (tag) => {
  it('has every text, none of them empty, and fills in what the English does', async () => {
    const { texts } = await languageFor(tag)
    const theirs = new Map(textsIn(texts))
    for (const [name, text] of textsIn(english)) {
      if (isForm(name)) continue
      expect(theirs.get(name)?.trim(), `${tag}: ${name}`).toBeTruthy()
      expect(placeholders(theirs.get(name) ?? ''), `${tag}: ${name}`).toEqual(placeholders(text))
    }
    expect(Object.keys(texts.phases).toSorted()).toEqual([...PHASES].toSorted())
  })

  it('has a form for each plural that its language has', async () => {
    const { texts } = await languageFor(tag)
    const wanted = new Intl.PluralRules(tag).resolvedOptions().pluralCategories
    const plurals = Object.entries(texts).filter(([, value]) => typeof value === 'object' && 'other' in value)
    expect(plurals.length).toBeGreaterThan(0)
    for (const [name, forms] of plurals) {
      expect(Object.keys(forms as object).toSorted(), name).toEqual(wanted.toSorted())
    }
  })
})

describe('the language of a visitor', () => {
  const tagFor = async (header: string | null): Promise<string> => (await languageFor(header)).tag

  it('is the first of theirs that there is a file of', async () => {
    expect(await tagFor('ko-KR,ko;q=0.9,en;q=0.8')).toBe('ko-kr')
    expect(await tagFor('fr-CH, fr;q=0.9, ko;q=0.7, en;q=0.5')).toBe('ko')
    expect(await tagFor('en;q=0.3, ko;q=0.9')).toBe('ko')
    expect(await tagFor('ko;q=0, en')).toBe('en')
  })

  it.each([null, '', '*', 'fr', '../ko', 'ko/../en', '%6bo', 'a'.repeat(10_000), ','.repeat(10_000)])(
    'is English for %j',
    async (header) => {
      expect(await tagFor(header)).toBe('en')
    },
  )

  it('comes with its texts', async () => {
    const { texts }: { texts: Texts } = await languageFor('ko')
    expect(texts.enter).toBe('지금 입장하기')
  })
})
