/** The production bundle behind an entry that makes queues and records go wrong. */
import type { WorkerBundle } from '../../../dev/bundle.ts'
import { wrapBundle } from '../../../dev/wrapped-bundle.ts'
import { FAULTS_PATH, type FaultCounts } from './faulty-worker.ts'

/** For `startTestUsher`. */
export function withFaults(bundle: WorkerBundle): WorkerBundle {
  return wrapBundle(bundle, {
    module: new URL('faulty-worker.ts', import.meta.url),
    handler: 'faultyHandler',
    objectClass: 'faultyClass',
  })
}

/** What has struck since the runtime started. */
export async function faultsOf(url: string): Promise<FaultCounts> {
  return (await (await fetch(url + FAULTS_PATH)).json()) as FaultCounts
}
