/** Every path, in the order of the report. */
import type { BenchPath } from '../world.ts'
import { joinPath, pollPath } from './requests.ts'

export const PATHS: readonly BenchPath[] = [joinPath, pollPath]
