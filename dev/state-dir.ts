/** The directory that a local run keeps its state in. One run at a time: two would spoil each other's data. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning, readRecord, recordOf } from './processes.ts'

export type StateDir = {
  readonly path: string
  /** Idempotent. */
  release(): void
}

/**
 * Creates the directory if need be and takes it for this process. What a killed run left locked is taken over.
 * @throws Error that names the process which holds it.
 */
export function claimStateDir(path: string): StateDir {
  mkdirSync(path, { recursive: true })
  const lock = join(path, 'usher.lock')
  const mine = JSON.stringify({ ...recordOf(process.pid), claim: randomUUID() })
  if (!tryCreate(lock, mine)) {
    const holder = readRecord(lock)
    if (holder !== null && isRunning(holder)) throw new Error(inUse(path, holder.pid))
    // Renamed and not removed: of two runs that find the same leftover, one succeeds.
    renameSync(lock, `${lock}.${process.pid}`)
    rmSync(`${lock}.${process.pid}`)
    if (!tryCreate(lock, mine)) throw new Error(inUse(path, readRecord(lock)?.pid))
  }
  return {
    path,
    release: () => {
      if (holds(lock, mine)) rmSync(lock)
    },
  }
}

function tryCreate(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function holds(file: string, content: string): boolean {
  try {
    return readFileSync(file, 'utf8') === content
  } catch {
    // Somebody has removed the state directory.
    return false
  }
}

function inUse(path: string, pid: number | undefined): string {
  const holder = pid === undefined ? 'another process' : `process ${pid}`
  return `the state directory ${path} is in use by ${holder}; stop it or set USHER_STATE_DIR`
}
