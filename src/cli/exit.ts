/** How a command ends: the exit codes, and the one error whose text is written for people. */

export const EXIT = {
  ok: 0,
  /** The server refused, a check failed, a promise was broken. */
  failed: 1,
  /** The command line is wrong; nothing was sent. */
  usage: 2,
  /** No answer: wrong address, server down, timeout. */
  unreachable: 3,
  /** The server knows no such key, or the key may not do this. */
  notAllowed: 4,
  /** Ctrl-C; as shells count it, 128 and the number of SIGINT. */
  interrupted: 130,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends the command with one line on stderr: what is wrong, and what to do about it. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure'
  readonly exitCode: ExitCode
  /** Stable, for scripts: a problem code of the server, or one of this program. */
  readonly code: string
  /** What to do, where the message does not say it already. */
  readonly advice: string | null

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    { advice = null, ...options }: ErrorOptions & { readonly advice?: string | null } = {},
  ) {
    super(message, options)
    this.exitCode = exitCode
    this.code = code
    this.advice = advice
  }

  /** Message and advice. */
  get text(): string {
    if (this.advice === null) return this.message
    return `${this.message}${/[.!?]$/.test(this.message) ? '' : '.'} ${this.advice}`
  }
}

/** The command line is wrong; `message` says which part, and what would be right. */
export function wrongUsage(message: string): CliFailure {
  return new CliFailure(EXIT.usage, 'usage', message)
}

/** Ctrl-C, or SIGTERM. */
export function interrupted(options?: ErrorOptions): CliFailure {
  return new CliFailure(EXIT.interrupted, 'interrupted', 'interrupted', options)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error)
}
