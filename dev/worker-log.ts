/**
 * Where the Worker's log goes in a local run: all of it to a file; to a terminal as well. To a pipe only the first
 * errors: nobody may be reading it, and a full pipe would stop this process and Redis with it.
 */
import { createWriteStream, renameSync, statSync } from 'node:fs'
import { finished } from 'node:stream/promises'

const ERRORS_SHOWN_MAX = 50
/** A longer log of earlier runs is set aside at the start, replacing the one set aside before. */
const LOG_BYTES_MAX = 32 * 1024 * 1024

export type WorkerLog = {
  readonly file: string
  write(entry: { readonly level: string; readonly message: string }): void
  close(): Promise<void>
}

export function openWorkerLog(file: string): WorkerLog {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX) renameSync(file, `${file}.1`)
  const stream = createWriteStream(file, { flags: 'a' })
  let errorsShown = 0
  return {
    file,
    write: ({ level, message }) => {
      stream.write(`${new Date().toISOString()} ${level} ${message}\n`)
      const isShown = process.stderr.isTTY || (level === 'error' && errorsShown++ < ERRORS_SHOWN_MAX)
      if (isShown) process.stderr.write(`${message}\n`)
    },
    close: async () => {
      stream.end()
      await finished(stream)
    },
  }
}
