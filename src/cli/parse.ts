/** Reads the command line by the table of commands, before anything is sent. */
import { parseArgs } from 'node:util'
import type { Arguments, ArgumentSpec, Command, OptionSpec } from './command.ts'
import { COMMON_OPTIONS } from './command.ts'
import { messageOf, wrongUsage } from './exit.ts'

/** The command that `argv` begins with, and what is left of `argv`; null when it begins with none. */
export function findCommand(
  commands: readonly Command[],
  argv: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | null {
  for (const length of [2, 1]) {
    const name = argv.slice(0, length).join(' ')
    const command = commands.find((candidate) => candidate.name === name)
    if (command !== undefined) return { command, rest: argv.slice(length) }
  }
  return null
}

export function optionsOf({ options, fields = [] }: Command): readonly OptionSpec[] {
  return [...options, ...fields, ...COMMON_OPTIONS]
}

/** @throws CliFailure that names the option or argument at fault. */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const options = optionsOf(command)
  const { values, positionals } = readArgv(command, options, argv)
  if (values['help'] === true) return withoutArguments
  const named = argumentsOf(command, positionals)
  for (const option of options) checkInteger(option, values[option.name])
  return {
    argument: (name) => declared(named, name),
    flag: (name) => values[name] === true,
    text: (name) => textOf(values[name]),
    integer: (name) => {
      const option = options.find((candidate) => candidate.name === name)
      if (option?.kind !== 'integer') throw new Error(`no such number: ${name}`)
      const text = textOf(values[name])
      return text === null ? (option.byDefault ?? null) : Number(text)
    },
  }
}

/** Of a command line that only asks for help: its arguments need not be there. */
const withoutArguments: Arguments = {
  argument: () => '',
  flag: (name) => name === 'help',
  text: () => null,
  integer: () => null,
}

type Values = Readonly<Record<string, string | boolean | undefined>>

function readArgv(
  command: Command,
  options: readonly OptionSpec[],
  argv: readonly string[],
): { values: Values; positionals: string[] } {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: Object.fromEntries(
        options.map(({ name, kind }) => [
          name,
          {
            type: kind === 'flag' ? ('boolean' as const) : ('string' as const),
            ...(name === 'help' && { short: 'h' }),
          },
        ]),
      ),
    })
  } catch (error) {
    if (argv.some((word) => /^--key(=|$)/.test(word))) {
      throw wrongUsage(
        '--key does not exist: others could read it in the list of processes. Use ADMIN_API_KEY',
      )
    }
    throw wrongUsage(`${faultOf(messageOf(error))}. See: usher ${command.name} --help`)
  }
}

/** What Node says of it at length, in one sentence. */
function faultOf(message: string): string {
  const [, option] = /^Option '(.+)' argument is ambiguous/.exec(message) ?? []
  if (option !== undefined) return `${option}: a value that begins with - is written as ${option}=-1`
  return message.split(/\.\s|\n/)[0]?.replace(/\.$/, '') ?? message
}

function argumentsOf(command: Command, positionals: readonly string[]): ReadonlyMap<string, string> {
  const { takes, name } = command
  const surplus = positionals[takes.length]
  if (surplus !== undefined) throw wrongUsage(`"${surplus}" is too much. See: usher ${name} --help`)
  return new Map(takes.map((spec, index) => [spec.name, checked(spec, positionals[index], name)]))
}

function checked(spec: ArgumentSpec, value: string | undefined, commandName: string): string {
  if (value === undefined) {
    if (spec.isOptional === true) return ''
    throw wrongUsage(`<${spec.name}> is missing: ${spec.summary}. See: usher ${commandName} --help`)
  }
  const fault = spec.fault?.(value) ?? null
  if (fault !== null) throw wrongUsage(`<${spec.name}>: ${fault}`)
  return value
}

function checkInteger(option: OptionSpec, value: string | boolean | undefined): void {
  if (option.kind !== 'integer' || value === undefined) return
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (number >= option.min && number <= option.max) return
  throw wrongUsage(`--${option.name}: a whole number from ${option.min} to ${option.max}`)
}

function declared(named: ReadonlyMap<string, string>, name: string): string {
  const value = named.get(name)
  if (value === undefined) throw new Error(`no such argument: ${name}`)
  return value
}

function textOf(value: string | boolean | undefined): string | null {
  return typeof value === 'string' ? value : null
}
