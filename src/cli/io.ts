/** What a command may touch of its process, so that tests can stand in for it. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { styleText } from 'node:util'
import { CliFailure, EXIT, messageOf } from './exit.ts'

export type Style = Parameters<typeof styleText>[0]

export type Io = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  /** The line and its end on stdout. */
  readonly out: (line: string) => void
  /** The line and its end on stderr. */
  readonly err: (line: string) => void
  /** Styled where stdout is a terminal that shows styles and NO_COLOR is not set. */
  readonly paint: (style: Style, text: string) => string
}

export function processIo(signal: AbortSignal): Io {
  const { stdin, stdout, stderr, env } = process
  return {
    env,
    cwd: process.cwd(),
    stdin,
    stdout,
    stderr,
    signal,
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    paint: (style, plain) => styleText(style, plain, { stream: stdout }),
  }
}

/**
 * Asks on the terminal; anything but y or yes is a no. Where nobody can be asked, a script is running, which has
 * decided already.
 * @throws CliFailure when the answer is no.
 */
export async function confirm({ stdin, stderr, signal }: Io, question: string): Promise<void> {
  if (!stdin.isTTY || !stderr.isTTY) return
  const dialogue = createInterface({ input: stdin, output: stderr })
  try {
    const answer = await dialogue.question(`${question} [y/N] `, { signal })
    if (!/^y(es)?$/i.test(answer.trim()))
      throw new CliFailure(EXIT.failed, 'not-confirmed', 'nothing was changed')
  } finally {
    dialogue.close()
  }
}

/** The text of a file, or of stdin for `-`. @throws CliFailure when it cannot be read, or is not there. */
export async function readText(io: Io, file: string): Promise<string> {
  if (file === '-') return text(io.stdin)
  const found = readFileOrNull(resolve(io.cwd, file))
  if (found === null) throw unreadable(file, 'it is not there')
  return found
}

/** The text of a file, or null when there is none. @throws CliFailure when it cannot be read. */
export function readFileOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw unreadable(path, messageOf(error))
  }
}

function unreadable(file: string, reason: string): CliFailure {
  return new CliFailure(EXIT.usage, 'file-unreadable', `${file} cannot be read: ${reason}`)
}
