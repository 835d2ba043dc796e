/** `usher keys ...`: new secrets, without showing them. */
import { join, resolve } from 'node:path'
import * as z from 'zod'
import type { Call, Command, OptionSpec } from '../command.ts'
import { CliFailure, EXIT, wrongUsage } from '../exit.ts'
import { readFileOrNull } from '../io.ts'
import type { Io } from '../io.ts'
import { jsonOrNull } from '../json.ts'
import { ROTATED, rotationOf } from '../keys/rotation.ts'
import type { Rotated, Rotation } from '../keys/rotation.ts'
import { STEPS } from '../keys/signing-keys.ts'
import type { Step } from '../keys/signing-keys.ts'
import { changeFile } from '../keys/variables-file.ts'
import { LOCAL_VARIABLES_FILE, readVariables } from '../server/settings.ts'
import type { Settings } from '../server/settings.ts'

const FILE_OPTION: OptionSpec = {
  kind: 'text',
  name: 'file',
  value: 'FILE',
  summary: `lines NAME='value' (${LOCAL_VARIABLES_FILE})`,
}

const rotate: Command = {
  name: 'keys rotate',
  summary: 'Make a new key or secret, and say what to set when.',
  detail: [
    'entry is the key that signs entry tokens: call it three times, and tokens stay good throughout.',
    'publish adds the new key, sign lets it sign, retire takes the old one away. After a leak, replace.',
    'session, admin and origin replace SESSION_SECRET, ADMIN_API_KEY and ORIGIN_API_KEY at once.',
    'The file gets the values, readable by you alone; what is printed are the commands that deploy them.',
  ],
  takes: [{ name: 'what', summary: ROTATED.join(', '), fault: choiceFault(ROTATED) }],
  options: [
    FILE_OPTION,
    {
      kind: 'text',
      name: 'step',
      value: 'STEP',
      summary: `${STEPS.join(', ')} (entry: the one that comes next)`,
    },
    { kind: 'flag', name: 'show', summary: 'print the values, too' },
  ],
  examples: [
    'usher keys rotate entry',
    'usher keys rotate entry --file ~/usher/production.vars',
    'usher keys rotate entry --step replace',
  ],
  async run(call) {
    const { args, io } = call
    const file = args.text('file') ?? LOCAL_VARIABLES_FILE
    const what = oneOf(ROTATED, args.argument('what')) ?? 'entry'
    const rotation = rotationOf(what, currentSettings(io, file), stepFrom(args.text('step')), Date.now())
    changeFile(resolve(io.cwd, file), rotation.changes)
    tell(call, what, file, rotation)
    return EXIT.ok
  },
}

const print: Command = {
  name: 'keys print',
  summary: 'Print one variable of the file, to be piped into what stores it.',
  detail: ['On a terminal it is not shown unless --show is given.'],
  takes: [{ name: 'variable', summary: 'such as ENTRY_TOKEN_PRIVATE_JWKS' }],
  options: [FILE_OPTION, { kind: 'flag', name: 'show', summary: 'also on a terminal' }],
  examples: ['usher keys print SESSION_SECRET | npx wrangler secret put SESSION_SECRET'],
  async run({ args, io, isJson }) {
    const file = args.text('file') ?? LOCAL_VARIABLES_FILE
    const name = args.argument('variable')
    const value = readVariables(resolve(io.cwd, file))[name]
    if (value === undefined) {
      throw new CliFailure(
        EXIT.failed,
        'no-such-variable',
        `there is no ${name} in ${file}; --file names another`,
      )
    }
    if (io.stdout.isTTY && !args.flag('show')) {
      throw wrongUsage(`${name} is a secret: pipe it, or give --show to see it here`)
    }
    io.out(isJson ? JSON.stringify({ name, value }) : value)
    return EXIT.ok
  },
}

export const keyCommands: readonly Command[] = [rotate, print]

/** Values of now: those of the file, else the environment's, else what a local run has made up. */
function currentSettings(io: Io, file: string): Settings {
  const ofFile = readVariables(resolve(io.cwd, file))
  // Another file is that of a deployment: neither this shell nor a local run has its keys.
  return file === LOCAL_VARIABLES_FILE ? { ...localSecrets(io), ...io.env, ...ofFile } : ofFile
}

/** What `npm start` keeps in its state directory; it runs with that where nothing else is set. */
function localSecrets({ cwd, env }: Io): Settings {
  const path = join(resolve(cwd, env['USHER_STATE_DIR'] || '.usher'), 'secrets.json')
  const text = readFileOrNull(path)
  if (text === null) return {}
  const secrets = z.record(z.string(), z.string()).safeParse(jsonOrNull(text))
  if (secrets.success) return secrets.data
  throw new CliFailure(
    EXIT.usage,
    'file-unreadable',
    `${path} holds no secrets; remove it to have new ones made`,
  )
}

function tell(
  { args, io, isJson }: Call,
  what: Rotated,
  file: string,
  { step, changes, notes }: Rotation,
): void {
  const commands = Object.entries(changes).map(([name, value]) => deployCommand(name, value, file))
  const set = Object.keys(changes).filter((name) => changes[name] !== null)
  const removed = Object.keys(changes).filter((name) => changes[name] === null)
  const isShown = args.flag('show')
  if (isJson) {
    io.out(
      JSON.stringify({
        what,
        step,
        file,
        set,
        removed,
        notes,
        commands,
        ...(isShown && { values: changes }),
      }),
    )
    return
  }
  for (const name of set) io.out(`${name} is set in ${file}`)
  for (const name of removed) io.out(`${name} is gone from ${file}`)
  if (isShown) for (const name of set) io.out(`${name}=${changes[name]}`)
  for (const note of notes) io.out(note)
  io.out('')
  io.out('On this machine: restart npm start. In a deployment:')
  for (const command of commands) io.out(`  ${command}`)
}

/** The value goes from the file into the pipe; no screen, history or list of processes sees it. */
function deployCommand(name: string, value: string | null, file: string): string {
  if (value === null) return `npx wrangler secret delete ${name}`
  const from = file === LOCAL_VARIABLES_FILE ? '' : ` --file ${quoted(file)}`
  return `npx usher keys print ${name}${from} | npx wrangler secret put ${name}`
}

function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}

function stepFrom(text: string | null): Step | null {
  if (text === null) return null
  const step = oneOf(STEPS, text)
  if (step === null) throw wrongUsage(`--step: one of ${STEPS.join(', ')}`)
  return step
}

function choiceFault(choices: readonly string[]): (value: string) => string | null {
  return (value) => (choices.includes(value) ? null : `one of ${choices.join(', ')}`)
}

function oneOf<T extends string>(choices: readonly T[], text: string): T | null {
  return choices.find((choice) => choice === text) ?? null
}
