/** workerd with its inspector open, though what starts it knows no option for that. */
import { chmodSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { LOOPBACK } from '../../dev/ports.ts'

/** Miniflare takes the runtime's command from here. */
const COMMAND_VARIABLE = 'MINIFLARE_WORKERD_PATH'

/** Whatever `start` starts has its inspector at the port. */
export async function withInspector<T>(port: number, directory: string, start: () => Promise<T>): Promise<T> {
  const workerd = (createRequire(import.meta.url)('workerd') as { default: string }).default
  const command = join(directory, 'workerd-inspected.sh')
  writeFileSync(command, `#!/bin/sh\nexec '${workerd}' "$@" --inspector-addr=${LOOPBACK}:${port}\n`)
  chmodSync(command, 0o755)
  const before = process.env[COMMAND_VARIABLE]
  process.env[COMMAND_VARIABLE] = command
  try {
    return await start()
  } finally {
    if (before === undefined) Reflect.deleteProperty(process.env, COMMAND_VARIABLE)
    else process.env[COMMAND_VARIABLE] = before
  }
}
