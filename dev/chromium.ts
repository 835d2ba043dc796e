/** A Chromium of this machine: for the tests in test/browser and for the screenshots. */
import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** The executable: `CHROMIUM_PATH`, else where it usually is; null when there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | null {
  const named = env['CHROMIUM_PATH'] ?? ''
  const found = (named === '' ? USUAL_PLACES : [named]).find((path) => existsSync(path))
  return found ?? null
}

/**
 * @param runsScripts false: as for a visitor who has switched scripts off, so `<noscript>` counts, which it does not in
 *   a context of Playwright's without JavaScript
 * @throws Error when this machine has no Chromium.
 */
export async function launchChromium(runsScripts = true): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('no Chromium found; install one or set CHROMIUM_PATH')
  // Loaded here, since whoever only wants to know whether there is one should not wait for it.
  const { chromium } = await import('playwright-core')
  // The sandbox does not work for root, which is what containers run as.
  const chromiumSandbox = process.getuid?.() !== 0
  const args = runsScripts ? [] : ['--blink-settings=scriptEnabled=false']
  return chromium.launch({ executablePath, chromiumSandbox, args })
}
