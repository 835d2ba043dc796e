/** The part of a Durable Object's storage that keeps rows: a SQLite database, called synchronously. */
export type SqlDatabase = {
  readonly sql: SqlStatements
  /** All of what the closure writes, or nothing when it throws. */
  transactionSync<T>(closure: () => T): T
}

export type SqlStatements = {
  /** Runs one statement, or several without bindings. */
  exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): SqlRows<Row>
}

export type SqlValue = ArrayBuffer | string | number | null

export type SqlRows<Row> = {
  toArray(): Row[]
  /** Each row as its values, in the order of the columns: for many rows, once, before anything else is run. */
  raw(): Iterable<SqlValue[]>
  /** Throws unless there is exactly one. */
  one(): Row
}
