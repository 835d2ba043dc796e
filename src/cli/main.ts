/** From a command line to an exit code. */
import type { Command } from './command.ts'
import { CliFailure, EXIT, interrupted, messageOf, wrongUsage } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { helpOf, overview } from './help.ts'
import type { Io } from './io.ts'
import { findCommand, parseArguments } from './parse.ts'
import { harmless } from './text/width.ts'

/** Runs what `argv` says. Never throws: what goes wrong is one line on stderr. `version`: of the package. */
export async function runCli(
  commands: readonly Command[],
  argv: readonly string[],
  io: Io,
  version: string,
): Promise<ExitCode> {
  // Looked for before anything is parsed, so that a wrong command line is told as JSON, too.
  const isJson = argv.includes('--json')
  try {
    return await run(commands, argv, io, version)
  } catch (error) {
    const failure = error instanceof CliFailure ? error : unforeseen(error)
    const message = harmless(failure.text)
    io.err(isJson ? JSON.stringify({ error: { code: failure.code, message } }) : `usher: ${message}`)
    return failure.exitCode
  }
}

async function run(
  commands: readonly Command[],
  argv: readonly string[],
  io: Io,
  version: string,
): Promise<ExitCode> {
  const [first, ...rest] = argv
  if (first === 'help') return run(commands, [...rest, '--help'], io, version)
  if (first === undefined || first === '--help' || first === '-h') {
    // Without any word it is a mistake, which a script should notice.
    const isAsked = first !== undefined
    if (isAsked) io.out(overview(commands))
    else io.err(overview(commands))
    return isAsked ? EXIT.ok : EXIT.usage
  }
  if (first === '--version') {
    io.out(version)
    return EXIT.ok
  }
  if (first.startsWith('-')) throw wrongUsage(`${first}: options come after the command. See: usher --help`)
  const found = findCommand(commands, argv)
  if (found === null) return group(commands, argv, io)
  const args = parseArguments(found.command, found.rest)
  if (args.flag('help')) {
    io.out(helpOf(found.command))
    return EXIT.ok
  }
  return found.command.run({ io, args, isJson: args.flag('json') })
}

/** `usher events` and `usher events --help`: the commands that begin so. @throws CliFailure when none does. */
function group(commands: readonly Command[], argv: readonly string[], io: Io): ExitCode {
  const [first = '', second] = argv
  const members = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (members.length === 0) throw wrongUsage(`there is no command "${first}". See: usher --help`)
  if (second !== undefined && second !== '--help' && second !== '-h') {
    const names = members.map(({ name }) => name.slice(first.length + 1)).join(', ')
    throw wrongUsage(`"${first} ${second}" is no command; after ${first} comes one of ${names}`)
  }
  if (second === undefined) io.err(overview(members))
  else io.out(overview(members))
  return second === undefined ? EXIT.usage : EXIT.ok
}

function unforeseen(error: unknown): CliFailure {
  if (error instanceof Error && error.name === 'AbortError') {
    return interrupted()
  }
  return new CliFailure(EXIT.failed, 'internal', `a bug, please report it: ${messageOf(error)}`)
}
