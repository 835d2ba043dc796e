/**
 * Runs inside the Workers runtime, around the production bundle: counts what Cloudflare bills, and answers the counts at
 * COUNTS_PATH. All objects of a local run share one isolate, so the counters of this module see every one of them.
 *
 * It is loaded as text, with its types stripped, so it imports nothing.
 */

export const COUNTS_PATH = '/__counts'

/** Since the isolate started. `alarms` and `alarmsSet` are apart from the rest, so that ticks can be told from calls. */
export type WorkerCounts = {
  /** Requests, cron runs and batches of a queue that the Worker was invoked for. */
  workerRequests: number
  /** Method calls and fetches that reached an object, and alarms that rang for other objects than a line. */
  objectRequests: number
  /** Alarms of lines that rang. */
  alarms: number
  /** Calls of `setAlarm` by lines: each is billed as a row written. */
  alarmsSet: number
  /** As SQLite reports them: a row of an index counts like a row of its table. Alarms that other objects set are rows, too. */
  rowsRead: number
  rowsWritten: number
  /** As D1 reports them with each answer. */
  databaseRowsRead: number
  databaseRowsWritten: number
  /** Messages that were written to a queue, read from it and deleted; all of ours are smaller than what counts as one. */
  queueOperations: number
}

type Cursor = { readonly rowsRead: number; readonly rowsWritten: number }
type Exec = (this: unknown, ...query: unknown[]) => Cursor
type Method = (this: unknown, ...args: unknown[]) => unknown
type Handler = Record<
  'fetch' | 'scheduled' | 'queue',
  (subject: unknown, env: unknown, ctx: unknown) => unknown
>
type Environment = Record<string, unknown>
type QueueBinding = {
  send(body: unknown, options: unknown): Promise<unknown>
  sendBatch(messages: Iterable<unknown>, options: unknown): Promise<unknown>
}
/** Of D1: the statement that runs, and what it answers with. */
type Statement = Record<'run' | 'all' | 'raw' | 'first' | 'bind', Method>
type Database = { prepare(sql: string): Statement; batch(statements: Statement[]): Promise<Answered[]> }
type Answered = { readonly meta?: { readonly rows_read?: number; readonly rows_written?: number } }
type Message = {
  readonly body: unknown
  readonly attempts: number
  ack(): void
  retry(options?: unknown): void
}
type Batch = { readonly queue: string; readonly messages: readonly Message[] }
type ObjectState = { readonly storage: { readonly sql: object } }
type ObjectClass = new (state: ObjectState, env: unknown) => object

const counts: WorkerCounts = {
  workerRequests: 0,
  objectRequests: 0,
  alarms: 0,
  alarmsSet: 0,
  rowsRead: 0,
  rowsWritten: 0,
  databaseRowsRead: 0,
  databaseRowsWritten: 0,
  queueOperations: 0,
}
/** Statements whose rows are not added yet: a cursor knows them only when it has been read. */
let unsettled: Cursor[] = []
const patched = new Set<object>()
/** The storages of lines, whose alarms are counted apart. */
const lines = new WeakSet<object>()
/** The class that is a line. */
const LINE = 'EventLine'

/** The production handler, counted. */
export function countedHandler(worker: Handler): Handler {
  let counted: Environment | undefined
  const envOf = (env: unknown): Environment => (counted ??= countedEnvironment(env as Environment))
  return {
    fetch(request, env, ctx) {
      if (new URL((request as Request).url).pathname === COUNTS_PATH) return Response.json(settledCounts())
      counts.workerRequests += 1
      return worker.fetch(request, envOf(env), ctx)
    },
    scheduled(controller, env, ctx) {
      counts.workerRequests += 1
      return worker.scheduled(controller, envOf(env), ctx)
    },
    queue(batch, env, ctx) {
      counts.workerRequests += 1
      const { queue, messages } = batch as Batch
      counts.queueOperations += messages.length
      return worker.queue({ queue, messages: messages.map(countedMessage) }, envOf(env), ctx)
    },
  }
}

/** A class of objects that behaves as the given one, counted. */
export function countedClass(Original: ObjectClass, className: string): ObjectClass {
  const isLine = className === LINE
  class Counted extends Original {
    constructor(state: ObjectState, env: unknown) {
      if (isLine) lines.add(state.storage)
      countStorage(state.storage)
      super(state, countedEnvironment(env as Environment))
    }
  }
  for (const name of Object.getOwnPropertyNames(Original.prototype)) {
    if (name !== 'constructor') countCalls(Original.prototype as Record<string, Method>, name, isLine)
  }
  return Counted
}

function countCalls(prototype: Record<string, Method>, name: string, isLine: boolean): void {
  const call = prototype[name]
  if (typeof call !== 'function') return
  prototype[name] = function counted(...args) {
    if (isLine && name === 'alarm') counts.alarms += 1
    else counts.objectRequests += 1
    return call.apply(this, args)
  }
}

/** A message that is read counts when it comes; one that is given back is read again. */
function countedMessage(message: Message): Message {
  return {
    body: message.body,
    attempts: message.attempts,
    ack() {
      counts.queueOperations += 1
      message.ack()
    },
    retry: (options) => message.retry(options),
  }
}

/** The storages of all objects share their prototypes, so this happens once. */
function countStorage(storage: ObjectState['storage']): void {
  const sql = Object.getPrototypeOf(storage.sql) as { exec: Exec }
  const alarms = Object.getPrototypeOf(storage) as { setAlarm: Method }
  if (patched.has(sql)) return
  patched.add(sql)
  const { exec } = sql
  sql.exec = function counted(...query) {
    settle()
    const cursor = exec.apply(this, query)
    unsettled.push(cursor)
    return cursor
  }
  const { setAlarm } = alarms
  alarms.setAlarm = function counted(...args) {
    if (lines.has(this as object)) counts.alarmsSet += 1
    else counts.rowsWritten += 1
    return setAlarm.apply(this, args)
  }
}

function countedEnvironment(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).map(([name, binding]) => {
      if (has(binding, 'sendBatch')) return [name, countedQueue(binding as QueueBinding)]
      if (has(binding, 'prepare')) return [name, countedDatabase(binding as Database)]
      return [name, binding]
    }),
  )
}

function has(binding: unknown, method: string): boolean {
  return typeof binding === 'object' && binding !== null && typeof Reflect.get(binding, method) === 'function'
}

function countedQueue(queue: QueueBinding): QueueBinding {
  return {
    send(body, options) {
      counts.queueOperations += 1
      return queue.send(body, options)
    },
    sendBatch(messages, options) {
      const all = [...messages]
      counts.queueOperations += all.length
      return queue.sendBatch(all, options)
    },
  }
}

const REAL = Symbol('the statement behind a counted one')

function countedDatabase(database: Database): Database {
  return {
    prepare: (sql) => countedStatement(database.prepare(sql)),
    async batch(statements) {
      const real = statements.map((statement) => Reflect.get(statement, REAL) as Statement)
      const answers = await database.batch(real)
      for (const answer of answers) countRows(answer)
      return answers
    },
  }
}

/** `raw` and `first` answer without the figures, so they are asked for all, and the rest of the answer is dropped. */
function countedStatement(statement: Statement): Statement {
  const all = async (): Promise<{ results: Record<string, unknown>[] }> => {
    const answer = (await statement.all()) as Answered & { results: Record<string, unknown>[] }
    countRows(answer)
    return answer
  }
  const counted: Statement = {
    bind: (...values) => countedStatement(statement.bind(...values) as Statement),
    run: all,
    all,
    raw: async () => (await all()).results.map((row) => Object.values(row)),
    first: async (column) => {
      const [row = null] = (await all()).results
      return typeof column === 'string' ? (row?.[column] ?? null) : row
    },
  }
  return Object.assign(counted, { [REAL]: statement })
}

function countRows({ meta }: Answered): void {
  counts.databaseRowsRead += meta?.rows_read ?? 0
  counts.databaseRowsWritten += meta?.rows_written ?? 0
}

/** Every statement is read to its end before the next one begins, so those before it have their final figures. */
function settle(): void {
  for (const { rowsRead, rowsWritten } of unsettled) {
    counts.rowsRead += rowsRead
    counts.rowsWritten += rowsWritten
  }
  unsettled = []
}

function settledCounts(): WorkerCounts {
  settle()
  return counts
}
