/** What a command is. The table of them (`commands.ts`) gives the parsing, the help and the reference. */
import type { Io } from './io.ts'
import type { ExitCode } from './exit.ts'

export type OptionSpec = {
  /** Without the dashes. */
  readonly name: string
  readonly summary: string
} & (
  | { readonly kind: 'flag' }
  | { readonly kind: 'text'; readonly value: string }
  | {
      readonly kind: 'integer'
      readonly value: string
      readonly min: number
      readonly max: number
      readonly byDefault?: number
    }
)

export type ArgumentSpec = {
  readonly name: string
  readonly summary: string
  readonly isOptional?: boolean
  /** Answers what is wrong with a value, or null. */
  readonly fault?: (value: string) => string | null
}

/** What was typed, checked against the specification. Asking for what the command does not declare is a bug and throws. */
export type Arguments = {
  argument(name: string): string
  flag(name: string): boolean
  text(name: string): string | null
  /** Its default when it was not given, null when it has none. */
  integer(name: string): number | null
}

export type Command = {
  /** The words after `usher`. */
  readonly name: string
  readonly summary: string
  /** More to know, in lines of at most 90 characters. */
  readonly detail?: readonly string[]
  readonly takes: readonly ArgumentSpec[]
  readonly options: readonly OptionSpec[]
  /** Options that follow from the fields of an event; the help lists them apart. */
  readonly fields?: readonly OptionSpec[]
  /** Whole command lines, without `npx`. */
  readonly examples: readonly string[]
  run(call: Call): Promise<ExitCode>
}

export type Call = {
  readonly io: Io
  readonly args: Arguments
  /** `--json`: stdout is JSON and nothing else. */
  readonly isJson: boolean
}

export const JSON_OPTION: OptionSpec = {
  kind: 'flag',
  name: 'json',
  summary: 'print JSON, on stdout and for errors on stderr',
}

/** Options of every command. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  JSON_OPTION,
  { kind: 'flag', name: 'help', summary: 'print this' },
]

/** Options of every command that talks to a server. */
export const SERVER_OPTIONS: readonly OptionSpec[] = [
  {
    kind: 'text',
    name: 'url',
    value: 'URL',
    summary: 'the server (USHER_URL, else http://127.0.0.1:8787)',
  },
  {
    kind: 'text',
    name: 'key-file',
    value: 'FILE',
    summary: "file with the operator's key (else ADMIN_API_KEY; on this machine also .dev.vars)",
  },
  {
    kind: 'integer',
    name: 'timeout',
    value: 'SECONDS',
    min: 1,
    max: 300,
    byDefault: 10,
    summary: 'give each call so long',
  },
]
