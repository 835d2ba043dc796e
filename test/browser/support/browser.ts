/**
 * Chromium for a file of tests. Every page is watched: an error in the console, an exception, a violation of the
 * content security policy or a request to a third party fails the test that the page belongs to.
 */
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { launchChromium } from '../../../dev/chromium.ts'

export type PageOptions = Pick<
  BrowserContextOptions,
  'locale' | 'colorScheme' | 'viewport' | 'reducedMotion' | 'forcedColors' | 'isMobile'
> & {
  /** The origins that the page may load from and lead to: Usher's first, as paths are relative to it. */
  readonly origins: readonly [string, ...string[]]
  /** Shares cookies and storage with this page: another tab of the same visitor. */
  readonly besides?: Page
}

export type TestBrowser = {
  /** A page of a visitor of its own, unless `besides` says otherwise. It is closed after the test. */
  page(options: PageOptions): Promise<Page>
  /** What went wrong so far; a test that provokes a fault takes it out. */
  readonly faults: string[]
}

/** What the console says of any answer of 400 and above, and of a broken network: what to make of those is the test's. */
const ANSWERS = /^Failed to load resource: /

/**
 * Call it at the top of a file, or of a `describe`: it registers the hooks. @param runsScripts false: as for visitors who
 * have switched scripts off
 */
export function useBrowser(runsScripts = true): TestBrowser {
  let browser: Browser
  let contexts: BrowserContext[] = []
  const faults: string[] = []

  beforeAll(async () => {
    browser = await launchChromium(runsScripts)
  })
  afterEach(async () => {
    const open = contexts
    contexts = []
    await Promise.all(open.map((context) => context.close()))
    expect(faults.splice(0)).toEqual([])
  })
  afterAll(() => browser.close())

  const contextFor = async ({ origins, besides, ...options }: PageOptions): Promise<BrowserContext> => {
    if (besides !== undefined) return besides.context()
    const context = await browser.newContext({ baseURL: origins[0], locale: 'en-GB', ...options })
    contexts.push(context)
    await watch(context, origins, faults)
    return context
  }
  return { faults, page: async (options) => (await contextFor(options)).newPage() }
}

async function watch(context: BrowserContext, origins: readonly string[], faults: string[]): Promise<void> {
  // Not every violation is said in the console.
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`content security policy: ${violatedDirective} ${blockedURI}`),
    )
  })
  context.on('console', (message) => {
    if (message.type() === 'error' && !ANSWERS.test(message.text())) faults.push(message.text())
  })
  context.on('weberror', (error) => faults.push(String(error.error())))
  context.on('request', (request) => {
    const url = new URL(request.url())
    const isOurs = origins.includes(url.origin) || url.protocol === 'data:' || url.protocol === 'blob:'
    if (!isOurs) faults.push(`a request to a third party: ${url.href}`)
  })
}
