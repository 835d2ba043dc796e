/** The command line as it is installed: compiled, in a folder of its own, run as a process. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { PROJECT_ROOT } from '../../dev/settings.ts'

export type CliRun = { readonly code: number | null; readonly out: string; readonly err: string }

export type InstalledCli = {
  /** An empty folder in which commands run. */
  readonly cwd: string
  run(argv: readonly string[], environment?: Readonly<Record<string, string>>): Promise<CliRun>
  /** The process, for what ends only when it is told to. */
  start(argv: readonly string[], environment?: Readonly<Record<string, string>>): CliProcess
  remove(): void
}

export class CliProcess {
  out = ''
  err = ''
  readonly ended: Promise<CliRun>
  readonly #child: ChildProcessByStdio<null, Readable, Readable>

  constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.err += text))
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, out: this.out, err: this.err }))
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** Compiles it anew, so that a test never meets what an older source was built to. */
export function installCli(): InstalledCli {
  const home = mkdtempSync(join(tmpdir(), 'usher-installed-'))
  const cwd = mkdtempSync(join(tmpdir(), 'usher-cwd-'))
  const tsc = join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc')
  const settings = ['-p', 'tsconfig.packages.json', '--outDir', join(home, 'dist')]
  execFileSync(process.execPath, [tsc, ...settings], { cwd: PROJECT_ROOT })
  cpSync(join(PROJECT_ROOT, 'package.json'), join(home, 'package.json'))
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(home, 'node_modules'))
  const start = (argv: readonly string[], environment: Readonly<Record<string, string>> = {}): CliProcess =>
    new CliProcess(
      spawn(process.execPath, [join(home, 'dist/cli/usher.js'), ...argv], {
        cwd,
        env: { PATH: process.env['PATH'], ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
  return {
    cwd,
    start,
    run: (argv, environment) => start(argv, environment).ended,
    remove: () => {
      for (const folder of [home, cwd]) rmSync(folder, { recursive: true, force: true })
    },
  }
}
