/** A file of lines `NAME='value'`, changed in place: what else is in it stays as it is. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { randomBytes } from 'node:crypto'
import { CliFailure, EXIT, messageOf } from '../exit.ts'
import { readFileOrNull } from '../io.ts'

/** What to set, and what to remove (null). */
export type Changes = Readonly<Record<string, string | null>>

/**
 * The text of the file after the changes. A variable keeps its line, new ones come at the end.
 * @throws Error when a value cannot be written so that it is read the same.
 */
export function changedText(text: string, changes: Changes): string {
  const written = new Set<string>()
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const kept = lines.flatMap((line) => {
    const name = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1]
    const value = name === undefined ? undefined : changes[name]
    if (name === undefined || value === undefined) return [line]
    // A name that was there twice is written once: readers differ in which of the two counts.
    if (value === null || written.has(name)) return []
    written.add(name)
    return [lineOf(name, value)]
  })
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === null || written.has(name) ? [] : [lineOf(name, value)],
  )
  const result = [...kept, ...added].map((line) => `${line}\n`).join('')
  const read = parseEnv(result)
  for (const [name, value] of Object.entries(changes)) {
    if (read[name] !== (value ?? undefined))
      throw new Error(`${name} cannot be written to this file; edit it by hand`)
  }
  return result
}

/** Single quotes: a set of keys is JSON, full of double ones. */
function lineOf(name: string, value: string): string {
  if (/['\n\r]/.test(value)) throw new Error(`${name} has a quote or a line break in it`)
  return `${name}='${value}'`
}

/** Writes the changes; the file is readable by its owner alone from then on, and never half written. @throws CliFailure */
export function changeFile(path: string, changes: Changes): void {
  const before = readFileOrNull(path) ?? ''
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(draft, changedText(before, changes), { mode: 0o600, flag: 'wx' })
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw new CliFailure(EXIT.failed, 'file-unwritable', `${path} is as it was: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
