/** A process that a command runs in, without one: what it writes is kept. */
import type { Io } from '../../../src/cli/io.ts'

export type FakeIo = Io & { readonly written: string[]; readonly complained: string[] }

export function fakeIo({
  env = {},
  cwd = '/nonexistent',
  signal = new AbortController().signal,
}: Partial<Pick<Io, 'env' | 'cwd' | 'signal'>> = {}): FakeIo {
  const written: string[] = []
  const complained: string[] = []
  const { stdin, stdout, stderr } = process
  return {
    env,
    cwd,
    // Not the terminal that the tests may run on: nobody can be asked.
    stdin: Object.create(stdin, { isTTY: { value: false } }) as NodeJS.ReadStream,
    stdout: Object.create(stdout, { isTTY: { value: false } }) as NodeJS.WriteStream,
    stderr: Object.create(stderr, { isTTY: { value: false } }) as NodeJS.WriteStream,
    signal,
    written,
    complained,
    out: (line) => void written.push(line),
    err: (line) => void complained.push(line),
    paint: (_style, text) => text,
  }
}
