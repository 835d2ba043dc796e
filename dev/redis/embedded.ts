/** The embedded engine: Valkey compiled to WebAssembly, in a thread of this process. Keeps nothing over a restart. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { freePort, LOOPBACK as HOST } from '../ports.ts'
import type { ThreadOptions, ThreadReport, ThreadRequest } from './embedded-thread.ts'
import type { Engine } from './engine.ts'
import { Supervised, type Running } from '../supervised.ts'

/** The default of 4 MB is overrun by the reply of a deeply nested script. */
const STACK_SIZE_MB = 64

type Thread = Running & { readonly worker: Worker }

/** Resolves when the engine listens, on a free port unless one is given. */
export async function startEmbedded(options: { readonly port?: number } = {}): Promise<Engine> {
  const port = options.port ?? (await freePort())
  const thread = new Supervised('Redis', () => startThread({ host: HOST, port }))
  await thread.start()
  return {
    kind: 'embedded',
    description: 'embedded Valkey (WebAssembly, in memory only)',
    host: HOST,
    port,
    kill: () => thread.end('at once'),
    restart: () => thread.restart(),
    advanceClock: async (byMs) => {
      if (thread.current === null) throw new Error('the engine is down')
      const { worker } = thread.current
      const answered = once(worker, 'message')
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage({ kind: 'advance-clock', byMs } satisfies ThreadRequest)
      await answered
    },
    stop: () => thread.end('politely'),
  }
}

async function startThread(options: ThreadOptions): Promise<Thread> {
  const worker = new Worker(new URL('./embedded-thread.ts', import.meta.url), {
    workerData: options,
    resourceLimits: { stackSizeMb: STACK_SIZE_MB },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  const [report] = (await once(worker, 'message')) as [ThreadReport]
  if (report.kind !== 'listening') {
    await worker.terminate()
    throw new Error(
      `embedded Redis did not start: ${report.kind === 'failed' ? report.message : report.kind}`,
    )
  }
  // A trap in the engine ends the thread. Its clients see a lost connection, its supervisor the end.
  worker.on('error', (error) => console.error('embedded Redis:', error.message))
  return {
    worker,
    ended,
    end: async () => {
      await worker.terminate()
    },
  }
}
