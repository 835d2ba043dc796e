/** What the figures were taken on: without it they mean nothing. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { PROJECT_ROOT } from '../dev/settings.ts'

export type Machine = {
  readonly date: string
  readonly commit: string
  readonly system: string
  readonly cpu: string
  readonly memoryGb: number
  readonly loadAtStart: number
  readonly descriptors: string
  readonly node: string
  readonly workerd: string
  readonly miniflare: string
  readonly redis: string
}

export function describeMachine(redis: string): Machine {
  const cores = cpus()
  return {
    date: new Date().toISOString(),
    commit: output('git', ['-C', PROJECT_ROOT, 'describe', '--always', '--dirty']),
    system: `${type()} ${release()}`,
    cpu: `${cores.length} x ${cores[0]?.model.trim() ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    loadAtStart: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    descriptors: /Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 'unknown',
    node: process.version,
    workerd: versionOf('workerd'),
    miniflare: versionOf('miniflare'),
    redis,
  }
}

function versionOf(dependency: string): string {
  const require = createRequire(import.meta.url)
  const { version } = require(`${dependency}/package.json`) as { version: string }
  return version
}

function output(command: string, commandArguments: string[]): string {
  try {
    return execFileSync(command, commandArguments, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
  } catch {
    // Not a checkout, or no git: the figures stand without it.
    return 'unknown'
  }
}
