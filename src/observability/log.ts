/**
 * Structured logs: one JSON object a line, an event name `noun_verb`, fields instead of sentences.
 * Fields never hold a token, a key, a cookie or a body; the only file that writes to the console.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

export interface Log {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** Long enough for any message of ours, short enough that a foreign one cannot flood the log. */
const ERROR_MESSAGE_CHARS_MAX = 200

export const log: Log = {
  info: (event, fields) => console.info(line('info', event, fields)),
  warn: (event, fields) => console.warn(line('warn', event, fields)),
  error: (event, fields) => console.error(line('error', event, fields)),
}

/** The fields that describe something thrown: its kind and message, without the stack. */
export function errorFields(error: unknown): { error: string; message: string } {
  if (!(error instanceof Error)) return { error: typeof error, message: '' }
  return { error: error.name, message: error.message.slice(0, ERROR_MESSAGE_CHARS_MAX) }
}

function line(level: string, event: string, fields: LogFields = {}): string {
  return JSON.stringify({ level, event, ...fields })
}
