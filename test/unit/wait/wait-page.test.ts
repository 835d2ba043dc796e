/** The waiting page runs under a strict policy, escapes what operators typed, and speaks both its languages fully. */
import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { renderMissingPage, renderWaitPage } from '../../../src/http/pages/wait-page.ts'

const PAGE = {
  eventId: 'demo',
  eventName: 'A concert',
  status: 'open',
  shopUrl: 'https://shop.test/enter',
  linkPath: null,
} as const

describe('renderWaitPage', () => {
  it('escapes the name and the address of the shop', () => {
    const html = renderWaitPage({
      ...PAGE,
      eventName: `<img src=x onerror='a'>&"`,
      shopUrl: 'https://s.test/?a="&b=1',
    })
    expect(html).not.toContain('<img')
    expect(html).toContain('<title>&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;</title>')
    expect(html).toContain('action="https://s.test/?a=&quot;&amp;b=1"')
  })

  it.each([
    ['the waiting page', renderWaitPage(PAGE)],
    ['the missing page', renderMissingPage()],
  ])('has no inline script, style or handler in %s', (_, html) => {
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/)
  })

  it('sends the token in the body of a POST, and without a shop there is no form', () => {
    expect(renderWaitPage(PAGE)).toMatch(
      /<form id="enter" method="post" action="https:\/\/shop.test\/enter">/,
    )
    expect(renderWaitPage({ ...PAGE, shopUrl: null })).not.toContain('<form')
  })
})

describe('the texts', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('are complete in both languages, and every one that is asked for exists', async () => {
    const english = await textsFor('en-GB')
    const korean = await textsFor('ko-KR')
    expect(korean.language).toBe('ko')
    expect(Object.keys(korean.t).toSorted()).toEqual(Object.keys(english.t).toSorted())
    const script = await readFile(pageFile('main.ts'), 'utf8')
    const asked = [
      ...script.matchAll(/\bt\.(\w+)/g),
      ...script.matchAll(/\bshow\('(\w+)'/g),
      ...renderWaitPage(PAGE).matchAll(/data-t="(\w+)"/g),
    ]
    expect(asked).not.toEqual([])
    expect(asked.map(([, key]) => key).filter((key) => key === undefined || !(key in english.t))).toEqual([])
  })

  it('are English for everybody else', async () => {
    expect((await textsFor('fr')).language).toBe('en')
  })

  async function textsFor(language: string): Promise<{ language: string; t: Record<string, unknown> }> {
    vi.stubGlobal('navigator', { language })
    vi.resetModules()
    return import(pageFile('texts.ts').href)
  }
})

function pageFile(name: string): URL {
  return new URL(`../../../src/pages/wait/${name}`, import.meta.url)
}
