/** How wrangler is run: the project's own, without a word to anybody outside this machine. */
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

/** The script to run with node. */
export const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
)

export function wranglerEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    // Its build command runs under the Node of this process, not whichever the machine has.
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_WRITE_LOGS: 'false',
  }
}
