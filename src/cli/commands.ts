/** Every command. Parsing, help and docs/cli.md follow from this table. */
import type { Command } from './command.ts'
import { doctorCommand } from './commands/doctor.ts'
import { eventCommands } from './commands/events.ts'
import { keyCommands } from './commands/keys.ts'
import { loadCommand } from './commands/load.ts'
import { watchCommand } from './commands/watch.ts'

export const COMMANDS: readonly Command[] = [
  ...eventCommands,
  watchCommand,
  loadCommand,
  ...keyCommands,
  doctorCommand,
]
