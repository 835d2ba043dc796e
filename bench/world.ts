/** What a path has to measure with. */
import type { Backend } from '../dev/backend.ts'
import type { BenchOptions } from './options.ts'
import type { Profiles } from './profile/profiles.ts'
import type { SubjectName } from './runtime/bundles.ts'
import type { Subject, Subjects } from './runtime/subject.ts'
import type { Row } from './row.ts'

export type World = {
  readonly options: BenchOptions
  readonly backend: Backend
  readonly subjects: Subjects
  readonly profiles: Profiles
  readonly say: (text: string) => void
}

export type BenchPath = {
  readonly name: string
  readonly run: (world: World) => Promise<readonly Row[]>
}

/** Starts the named Workers, and stops them whatever the work does. */
export async function withSubjects<T>(
  { subjects }: World,
  names: readonly SubjectName[],
  work: (...started: Subject[]) => Promise<T>,
): Promise<T> {
  const started: Subject[] = []
  try {
    for (const name of names) started.push(await subjects.start(name))
    return await work(...started)
  } finally {
    for (const subject of started) await subject.stop()
  }
}
