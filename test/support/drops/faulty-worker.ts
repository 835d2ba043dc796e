/**
 * Runs inside the Workers runtime, around the production bundle: makes go wrong what at-least-once delivery allows to.
 * Messages are queued twice and handed over twice, a consumer ends in an error when its work is done, and writes of records
 * are carried out twice or carried out and reported as failed. What struck is counted, and answered at FAULTS_PATH.
 *
 * It is loaded as text, with its types stripped, so it imports nothing.
 */

export const FAULTS_PATH = '/__drop-faults'

/** Since the isolate started. */
export type FaultCounts = {
  /** Messages that were put into a queue once more. */
  queuedTwice: number
  /** Batches whose consumer was called once more with the same messages. */
  consumedTwice: number
  /** Batches whose consumer failed after its work. */
  consumerThrew: number
  /** Writes of records that were carried out once more, and answered by the second. */
  writtenTwice: number
  /** Writes of records that were carried out, and whose answer was an error. */
  writeThrew: number
}

type Method = (...args: unknown[]) => unknown
type Async = (...args: unknown[]) => Promise<unknown>
type Environment = Record<string, unknown>
type Handler = Record<'fetch' | 'scheduled', (subject: unknown, env: unknown, ctx: unknown) => unknown> & {
  queue(batch: Batch, env: unknown, ctx: unknown): Promise<void>
}
type Message = {
  readonly body: unknown
  readonly attempts: number
  readonly id: string
  readonly timestamp: Date
}
type Batch = { readonly queue: string; readonly messages: readonly Message[] }
type ObjectClass = new (state: unknown, env: unknown) => object
type Queue = { send: Async; sendBatch: Async }
type Database = { prepare: (sql: string) => object; batch: Async }

/** One of so many is struck. Small and without common factors, so that every pair of faults meets in one run. */
const QUEUED_TWICE_EVERY = 2
const CONSUMED_TWICE_EVERY = 3
const CONSUMER_THROWS_EVERY = 2
const WRITTEN_TWICE_EVERY = 3
const WRITE_THROWS_EVERY = 4

const counts: FaultCounts = {
  queuedTwice: 0,
  consumedTwice: 0,
  consumerThrew: 0,
  writtenTwice: 0,
  writeThrew: 0,
}
const turns = { send: 0, consume: 0, write: 0 }

/** The production handler over faulty bindings, and with a faulty consumer. */
export function faultyHandler(worker: Handler): Handler {
  let faulty: Environment | undefined
  const envOf = (env: unknown): Environment => (faulty ??= faultyEnvironment(env as Environment))
  return {
    fetch(request, env, ctx) {
      if (new URL((request as Request).url).pathname === FAULTS_PATH) return Response.json(counts)
      return worker.fetch(request, envOf(env), ctx)
    },
    scheduled: (controller, env, ctx) => worker.scheduled(controller, envOf(env), ctx),
    async queue(batch, env, ctx) {
      turns.consume += 1
      if (!isOfDrops(batch.queue)) return worker.queue(batch, envOf(env), ctx)
      if (turns.consume % CONSUMED_TWICE_EVERY === 0) {
        counts.consumedTwice += 1
        await worker.queue(unheard(batch), envOf(env), ctx)
      }
      if (turns.consume % CONSUMER_THROWS_EVERY !== 0) return worker.queue(batch, envOf(env), ctx)
      counts.consumerThrew += 1
      await worker.queue(unheard(batch), envOf(env), ctx)
      throw new Error('the consumer ends before it has told the queue')
    },
  }
}

/** A class of objects that behaves as the given one, over faulty bindings. */
export function faultyClass(Original: ObjectClass): ObjectClass {
  return class Faulty extends Original {
    constructor(state: unknown, env: unknown) {
      super(state, faultyEnvironment(env as Environment))
    }
  }
}

function faultyEnvironment(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).map(([name, binding]) => {
      if (isQueue(binding) && isOfDrops(name)) return [name, faultyQueue(binding)]
      if (isDatabase(binding)) return [name, faultyDatabase(binding)]
      return [name, binding]
    }),
  )
}

function isOfDrops(name: string): boolean {
  return /drop|claim/i.test(name)
}

function isQueue(binding: unknown): binding is Queue {
  return has(binding, 'sendBatch')
}

function isDatabase(binding: unknown): binding is Database {
  return has(binding, 'prepare') && has(binding, 'batch')
}

function has(binding: unknown, method: string): boolean {
  return typeof binding === 'object' && binding !== null && typeof Reflect.get(binding, method) === 'function'
}

/** A batch of which the queue hears nothing. */
function unheard({ queue, messages }: Batch): Batch {
  const nothing = { ack: () => {}, retry: () => {} }
  const deaf = messages.map(({ id, timestamp, body, attempts }) => ({
    id,
    timestamp,
    body,
    attempts,
    ...nothing,
  }))
  return { queue, messages: deaf, ackAll: nothing.ack, retryAll: nothing.retry } as Batch
}

function faultyQueue(queue: Queue): Queue {
  const twice =
    (send: Async): Async =>
    async (...args) => {
      turns.send += 1
      const answer = await send(...args)
      if (turns.send % QUEUED_TWICE_EVERY !== 0) return answer
      counts.queuedTwice += 1
      return send(...args)
    }
  return {
    send: twice((...args) => queue.send(...args)),
    sendBatch: twice((...args) => queue.sendBatch(...args)),
  }
}

const REAL = Symbol('the statement behind a faulty one')

function faultyDatabase(database: Database): object {
  return over(database, {
    prepare: (sql: string) => faultyStatement(database.prepare(sql) as Record<string, Method>, sql),
    batch: (statements: readonly { [REAL]: object }[]) => {
      const real = statements.map((statement) => statement[REAL])
      return written(() => database.batch(real))
    },
  })
}

function faultyStatement(real: Record<string, Method>, sql: string): object {
  const isWrite = /^\s*(WITH|INSERT|UPDATE|DELETE|REPLACE)\b/i.test(sql)
  const carryOut =
    (name: string): Method =>
    (...args) => {
      const work = async (): Promise<unknown> => real[name]?.(...args)
      return isWrite ? written(work) : work()
    }
  return over(real, {
    bind: (...values: unknown[]) => faultyStatement(real['bind']?.(...values) as Record<string, Method>, sql),
    ...Object.fromEntries(['run', 'all', 'first', 'raw'].map((name) => [name, carryOut(name)])),
    [REAL]: real,
  })
}

/** The original with some of its methods replaced. A method of the platform wants to be called on the original. */
function over(original: object, replaced: Record<string | symbol, unknown>): object {
  return new Proxy(original, {
    get(target, name) {
      if (name in replaced) return replaced[name]
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as Method) : value
    },
  })
}

async function written(work: () => Promise<unknown>): Promise<unknown> {
  turns.write += 1
  const turn = turns.write
  const answer = await work()
  if (turn % WRITE_THROWS_EVERY === 0) {
    counts.writeThrew += 1
    throw new Error('the answer to a write was lost')
  }
  if (turn % WRITTEN_TWICE_EVERY !== 0) return answer
  counts.writtenTwice += 1
  return work()
}
