/**
 * Processes that outlive their owner. A process that we start is written down with its identity; if we are killed
 * outright, the next run ends it. The identity (its start time) keeps a reused pid from being taken for it.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'

const TERM_GRACE_MS = 2_000
const POLL_MS = 10

export type ProcessRecord = { readonly pid: number; readonly identity: string }

/** When a running process was started, as text to compare; null when it does not run (a zombie does not). */
export function identify(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command may hold spaces and parentheses; the fields after it are counted from its end (proc(5)).
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return null
    // Clock ticks since the machine booted.
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${fields[18]}`
  } catch {
    // Not Linux, or no such process.
  }
  try {
    const output = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return output.toString().trim() || null
  } catch {
    // ps fails for an unknown process.
    return null
  }
}

/** The record of a process that runs now. */
export function recordOf(pid: number): ProcessRecord {
  return { pid, identity: identify(pid) ?? '' }
}

/** Whether the recorded process, and not another one with its number, still runs. */
export function isRunning(record: ProcessRecord): boolean {
  return identify(record.pid) === record.identity
}

/** Parses what was written to disk; null for anything else. */
export function parseRecord(text: string): ProcessRecord | null {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || !('pid' in parsed) || !('identity' in parsed))
      return null
    const { pid, identity } = parsed
    return Number.isInteger(pid) && typeof identity === 'string' ? { pid: pid as number, identity } : null
  } catch {
    // A half-written file of a run that was killed.
    return null
  }
}

/** Writes down a process of ours, so that a later run can end it. */
export function recordProcess(file: string, pid: number): void {
  writeFileSync(file, JSON.stringify(recordOf(pid)))
}

export function forgetProcess(file: string): void {
  rmSync(file, { force: true })
}

/** Ends the process of the file if it still runs, and removes the file. Returns its pid if it ran. */
export async function endOrphan(file: string): Promise<number | null> {
  const record = readRecord(file)
  const runs = record !== null && isRunning(record)
  if (runs) await endProcess(record)
  forgetProcess(file)
  return runs ? record.pid : null
}

export function readRecord(file: string): ProcessRecord | null {
  try {
    return parseRecord(readFileSync(file, 'utf8'))
  } catch {
    // No such file: no process to look after.
    return null
  }
}

async function endProcess(record: ProcessRecord): Promise<void> {
  signal(record.pid, 'SIGTERM')
  if (await endsWithin(record, TERM_GRACE_MS)) return
  signal(record.pid, 'SIGKILL')
  await endsWithin(record, TERM_GRACE_MS)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended since.
  }
}

async function endsWithin(record: ProcessRecord, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += POLL_MS) {
    if (!isRunning(record)) return true
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return !isRunning(record)
}
