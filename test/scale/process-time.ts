import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds of processor time that these processes have had, by the scheduler's own account. */
export function cpuMsOf(pids: readonly number[]): number {
  let ns = 0
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
    }
  }
  return ns / 1e6
}
