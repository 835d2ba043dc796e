/** What a process has computed so far, all of its threads, from /proc. */
import { readdirSync, readFileSync } from 'node:fs'

const NS_PER_MS = 1e6
/** Linux counts utime and stime in these, whatever the kernel's own tick is. */
const MS_PER_CLOCK_TICK = 10
/** utime and stime, counted from the field after the command's closing bracket. */
const UTIME_FIELD = 11

/**
 * Milliseconds of CPU that the process has used since it started. From the scheduler's own account (nanoseconds) where
 * the kernel keeps one, else utime + stime (10 ms). Threads that have ended are missing from the former; the
 * runtime's live as long as it does.
 * @throws Error when the process is gone, or on a machine without /proc.
 */
export function cpuMs(pid: number): number {
  const fromScheduler = schedulerMs(pid)
  return fromScheduler > 0 ? fromScheduler : clockTicksMs(readFileSync(`/proc/${pid}/stat`, 'latin1'))
}

function schedulerMs(pid: number): number {
  const tasks = `/proc/${pid}/task`
  let ns = 0
  for (const task of readdirSync(tasks)) {
    try {
      ns += Number(readFileSync(`${tasks}/${task}/schedstat`, 'latin1').split(' ')[0])
    } catch {
      // A thread that ended meanwhile, or a kernel without this account: the caller falls back on 0.
    }
  }
  return ns / NS_PER_MS
}

/** utime + stime of a line of /proc/<pid>/stat (proc(5)), in milliseconds. */
export function clockTicksMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[UTIME_FIELD]) + Number(fields[UTIME_FIELD + 1])) * MS_PER_CLOCK_TICK
}
