/** Global setup: says once that the tests in test/browser are left out, where they are (vitest.config.ts). */
import { findChromium } from '../../dev/chromium.ts'

export function setup(): void {
  if (findChromium() !== null) return
  console.log('No Chromium here: the tests in test/browser are left out. Install one, or set CHROMIUM_PATH.')
}
