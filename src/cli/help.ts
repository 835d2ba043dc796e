/** Help and reference, derived from the table of commands. */
import type { ArgumentSpec, Command, OptionSpec } from './command.ts'
import { COMMON_OPTIONS, SERVER_OPTIONS } from './command.ts'
import { columns } from './text/columns.ts'

const EXIT_CODES = `Exit codes
  0    done
  1    refused by the server, or a problem was found
  2    wrong command line, nothing was sent
  3    the server does not answer
  4    the key is not accepted
  130  interrupted`

/** `usher --help`: every command with what it does. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map((command) => [`  ${usageOf(command)}`, command.summary])
  return [
    'Usher from the command line: events, a live view, a crowd to try it with, keys, a check-up.',
    '',
    columns(rows),
    '',
    'Of every command',
    optionRows([...SERVER_OPTIONS, ...COMMON_OPTIONS]),
    '',
    EXIT_CODES,
    '',
    'More of one command: usher events create --help',
  ].join('\n')
}

/** `usher <command> --help`: all that it takes, with examples. */
export function helpOf(command: Command): string {
  const { fields = [] } = command
  if (fields.length === 0) return referenceOf(command)
  return `${referenceOf(command)}\n\nFields of the event\n${optionRows(fields)}`
}

/** The same without the fields of an event, which docs/configuration.md describes. */
export function referenceOf(command: Command): string {
  const { summary, detail = [], takes, options, fields = [], examples } = command
  const others =
    fields.length > 0 ? ['', 'And an option for each field of an event, such as --admit-per-minute.'] : []
  return [
    `usher ${usageOf(command)}`,
    '',
    summary,
    ...(detail.length > 0 ? ['', ...detail] : []),
    ...(takes.length > 0 ? ['', columns(takes.map((spec) => [`  ${shown(spec)}`, spec.summary]))] : []),
    '',
    optionRows([...options, ...COMMON_OPTIONS]),
    ...others,
    '',
    'Examples',
    ...examples.map((example) => `  npx ${example}`),
  ].join('\n')
}

function usageOf({ name, takes }: Command): string {
  return [name, ...takes.map(shown)].join(' ')
}

function shown({ name, isOptional }: ArgumentSpec): string {
  return isOptional === true ? `[${name}]` : `<${name}>`
}

function optionRows(options: readonly OptionSpec[]): string {
  return columns(options.map((option) => [`  --${option.name}${valueOf(option)}`, summaryOf(option)]))
}

function valueOf(option: OptionSpec): string {
  return option.kind === 'flag' ? '' : ` ${option.value}`
}

function summaryOf(option: OptionSpec): string {
  if (option.kind !== 'integer') return option.summary
  const byDefault = option.byDefault === undefined ? '' : `, ${option.byDefault} if not given`
  return `${option.summary} (${option.min} to ${option.max}${byDefault})`
}
