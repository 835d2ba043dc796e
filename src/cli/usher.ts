#!/usr/bin/env node
/** `npx usher`: the process around the commands. */
import { readFileSync } from 'node:fs'
import { COMMANDS } from './commands.ts'
import { processIo } from './io.ts'
import { runCli } from './main.ts'

/** A second Ctrl-C does not wait for what the first one has asked to end. */
function abortOnSignals(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  return stop.signal
}

// The reader of a pipe may have had enough (`usher events list | head -1`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
process.exitCode = await runCli(
  COMMANDS,
  process.argv.slice(2),
  processIo(abortOnSignals()),
  manifest.version,
)
