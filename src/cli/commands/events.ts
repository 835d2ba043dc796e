/** `usher events ...`: what operators do to events, over the API. */
import { EVENT_ACTIONS } from '../../core/event-config.ts'
import type { EventAction } from '../../core/event-config.ts'
import type { ArgumentSpec, Call, Command, OptionSpec } from '../command.ts'
import { SERVER_OPTIONS } from '../command.ts'
import { CliFailure, EXIT, wrongUsage } from '../exit.ts'
import type { ExitCode } from '../exit.ts'
import { confirm, readText } from '../io.ts'
import { jsonOrNull } from '../json.ts'
import type { Io } from '../io.ts'
import { callForEvent, eventPath, readEvent, readEvents } from '../server/events.ts'
import type { Server } from '../server/server.ts'
import { refusal } from '../server/server.ts'
import { operatorServer } from '../server/target.ts'
import type { Event } from '../server/wire.ts'
import { columns } from '../text/columns.ts'
import { statusOf } from '../text/event-status.ts'
import { count } from '../text/figures.ts'
import { harmless } from '../text/width.ts'
import { eventIdFault, FIELD_OPTIONS, fieldsFrom } from './event-fields.ts'

export const EVENT_ARGUMENT: ArgumentSpec = {
  name: 'event',
  summary: 'id of the event: letters, digits, - and _, at most 64',
  fault: eventIdFault,
}

const YES: OptionSpec = { kind: 'flag', name: 'yes', summary: 'do not ask' }

const list: Command = {
  name: 'events list',
  summary: 'All events with their live counts.',
  takes: [],
  options: SERVER_OPTIONS,
  examples: ['usher events list', 'usher events list --json --url https://wait.example.com'],
  async run(call) {
    const server = await operatorServer(call)
    const events = await readEvents(server)
    call.io.out(call.isJson ? JSON.stringify({ events }) : eventTable(events))
    return EXIT.ok
  },
}

const show: Command = {
  name: 'events show',
  summary: 'One event: its configuration and its live counts.',
  takes: [EVENT_ARGUMENT],
  options: SERVER_OPTIONS,
  examples: ['usher events show spring-sale'],
  async run(call) {
    const server = await operatorServer(call)
    return report(call, await readEvent(server, call.args.argument('event')))
  },
}

const create: Command = {
  name: 'events create',
  summary: 'Create an event.',
  detail: [
    'One that exists is left alone, unless --replace is given: then it gets this configuration whole.',
  ],
  takes: [EVENT_ARGUMENT],
  options: [
    ...SERVER_OPTIONS,
    {
      kind: 'text',
      name: 'from',
      value: 'FILE',
      summary: 'JSON with fields of the event, - for stdin; options go before it',
    },
    { kind: 'flag', name: 'replace', summary: 'also when the event exists' },
  ],
  fields: FIELD_OPTIONS,
  examples: [
    'usher events create spring-sale --capacity 500 --name "Spring sale"',
    'usher events create spring-sale --capacity 500 --status scheduled --opens-at 2026-03-01T10:00:00Z',
    'usher events create spring-sale --from event.json',
  ],
  async run(call) {
    const { args } = call
    const eventId = args.argument('event')
    const body = { ...(await fieldsOfFile(call)), ...fieldsFrom(args) }
    if (!('capacity' in body)) throw wrongUsage('--capacity is missing: how many may be inside at once')
    const server = await operatorServer(call)
    if (!args.flag('replace')) await refuseExisting(server, eventId)
    return report(call, await callForEvent(server, 'PUT', eventPath(eventId), body))
  },
}

const set: Command = {
  name: 'events set',
  summary: 'Change fields of an event, also for those already waiting.',
  takes: [EVENT_ARGUMENT],
  options: SERVER_OPTIONS,
  fields: FIELD_OPTIONS,
  examples: [
    'usher events set spring-sale --capacity 800',
    'usher events set spring-sale --admit-per-minute none --closes-at 2026-03-01T20:00:00Z',
  ],
  async run(call) {
    const body = fieldsFrom(call.args)
    if (Object.keys(body).length === 0) throw wrongUsage('nothing to change. See: usher events set --help')
    const server = await operatorServer(call)
    const path = eventPath(call.args.argument('event'))
    return report(call, await callForEvent(server, 'PATCH', path, body))
  },
}

const ACTIONS: Readonly<Record<EventAction, { readonly summary: string; readonly losesPlaces: boolean }>> = {
  open: { summary: 'Open an event: those who wait are admitted.', losesPlaces: false },
  pause: { summary: 'Admit nobody for now. Everybody keeps the place.', losesPlaces: false },
  resume: { summary: 'Go on after a pause.', losesPlaces: false },
  close: {
    summary: 'Close an event. Those who wait lose their places; who is inside may finish.',
    losesPlaces: true,
  },
  'sold-out': {
    summary: 'Say that it is sold out. Those who wait lose their places; who is inside may finish.',
    losesPlaces: true,
  },
}

function actionCommand(action: EventAction): Command {
  const { summary, losesPlaces } = ACTIONS[action]
  return {
    name: `events ${action}`,
    summary,
    takes: [EVENT_ARGUMENT],
    options: losesPlaces ? [...SERVER_OPTIONS, YES] : SERVER_OPTIONS,
    examples: [`usher events ${action} spring-sale`],
    async run(call) {
      const eventId = call.args.argument('event')
      const server = await operatorServer(call)
      if (losesPlaces && !call.args.flag('yes')) await confirmLoss(call.io, server, eventId, action)
      return report(call, await act(server, eventId, action))
    },
  }
}

const remove: Command = {
  name: 'events delete',
  summary: 'Forget a closed event with all that is stored of it.',
  detail: ['Admissions that are alive are revoked.'],
  takes: [EVENT_ARGUMENT],
  options: [...SERVER_OPTIONS, { kind: 'flag', name: 'close', summary: 'close it first' }, YES],
  examples: ['usher events delete spring-sale', 'usher events delete spring-sale --close --yes'],
  async run(call) {
    const { args, io, isJson } = call
    const eventId = args.argument('event')
    const server = await operatorServer(call)
    if (!args.flag('yes')) await confirmLoss(io, server, eventId, 'delete')
    if (args.flag('close')) await act(server, eventId, 'close')
    await server.call('DELETE', eventPath(eventId))
    io.out(isJson ? JSON.stringify({ eventId, deleted: true }) : `${eventId} is deleted`)
    return EXIT.ok
  },
}

export const eventCommands: readonly Command[] = [
  list,
  show,
  create,
  set,
  ...EVENT_ACTIONS.map(actionCommand),
  remove,
]

function act(server: Server, eventId: string, action: EventAction): Promise<Event> {
  return callForEvent(server, 'POST', `${eventPath(eventId)}/${action}`, {})
}

async function refuseExisting(server: Server, eventId: string): Promise<void> {
  const answer = await server.ask('GET', eventPath(eventId))
  if (answer.status === 404) return
  if (answer.status !== 200) throw refusal(server.url, answer)
  throw new CliFailure(
    EXIT.failed,
    'event-exists',
    `there is an event ${eventId} already: change it with "usher events set", or give --replace`,
  )
}

async function confirmLoss(io: Io, server: Server, eventId: string, verb: string): Promise<void> {
  if (!io.stdin.isTTY) return
  const { waiting, admitted } = await readEvent(server, eventId)
  await confirm(io, `${verb} ${eventId}? ${count(waiting)} wait, ${count(admitted)} are inside.`)
}

async function fieldsOfFile({ args, io }: Call): Promise<object> {
  const file = args.text('from')
  if (file === null) return {}
  const fields = jsonOrNull(await readText(io, file))
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return fields
  throw wrongUsage(`--from: ${file} is no JSON object`)
}

function report({ io, isJson }: Call, event: Event): ExitCode {
  io.out(isJson ? JSON.stringify(event) : eventLines(event))
  return EXIT.ok
}

/** One event a row, in the order they came. */
export function eventTable(events: readonly Event[]): string {
  if (events.length === 0)
    return 'There are no events. Create one: usher events create my-event --capacity 100'
  const rows = events.map((event) => [
    event.eventId,
    statusOf(event),
    count(event.waiting),
    `${count(event.admitted)} of ${count(event.capacity)}`,
    event.admitPerMinute === null ? '-' : count(event.admitPerMinute),
    harmless(event.name),
  ])
  return columns([['EVENT', 'STATUS', 'WAITING', 'INSIDE', 'PER MINUTE', 'NAME'], ...rows])
}

/** Every field of the answer on a line of its own. */
export function eventLines(event: Event): string {
  return columns(Object.entries(event).map(([name, value]) => [name, shownValue(value)]))
}

function shownValue(value: unknown): string {
  if (value === null) return 'none'
  return harmless(typeof value === 'string' ? value : JSON.stringify(value))
}
