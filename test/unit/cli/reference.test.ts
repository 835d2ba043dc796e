/** docs/cli.md says what the commands say. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../src/cli/commands.ts'
import { EXIT } from '../../../src/cli/exit.ts'
import { referenceOf } from '../../../src/cli/help.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PAGE = readFileSync(`${ROOT}/docs/cli.md`, 'utf8')
const SOURCE = readdirSync(`${ROOT}/src/cli`, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('load/'))
  .map((file) => readFileSync(`${ROOT}/src/cli/${file}`, 'utf8'))
  .join('\n')

function section(heading: string): string {
  const [, after = ''] = PAGE.split(`\n## ${heading}\n`)
  return after.split('\n## ')[0] ?? ''
}

function firstCells(text: string): string[] {
  const cells = Array.from(text.matchAll(/^\| ([^|]+) \|/gm), ([, cell = '']) => cell)
  return cells.flatMap((cell) => Array.from(cell.matchAll(/`?([\w-]+)`?/g), ([, word = '']) => word))
}

function found(pattern: RegExp): string[] {
  return [...new Set(Array.from(SOURCE.matchAll(pattern), ([, name = '']) => name))]
}

describe('docs/cli.md', () => {
  it('has the help of every command to the letter, in their order, and of no other', () => {
    const shown = Array.from(
      PAGE.matchAll(/^### usher (.+)\n\n```text\n([\s\S]*?)\n```$/gm),
      ([, name, text]) => [name, text],
    )
    expect(shown).toEqual(COMMANDS.map((command) => [command.name, referenceOf(command)]))
  })

  it('has every exit code', () => {
    const codes = Array.from(section('Exit codes').matchAll(/^\| (\d+) \|/gm), ([, code]) => Number(code))
    expect(codes).toEqual(Object.values(EXIT))
  })

  it('has every code of an error, and every check of doctor', () => {
    const ofCode = found(/new CliFailure\(\s*EXIT\.\w+,\s*'([a-z-]+)'/g)
    const described = firstCells(section('JSON').split('or one of these:')[1] ?? '').filter(
      (word) => word !== 'Code',
    )
    // The one whose code depends on the status is spelled apart.
    expect(described.toSorted()).toEqual([...ofCode, 'not-usher', 'server-error'].filter(unique).toSorted())
    const checks = found(/\b(?:good|warning|failing|clockCheck|notChecked)\(\s*'([a-z-]+)'/g)
    const table = firstCells(section('What doctor looks at')).filter((word) => word !== 'Check')
    expect(table.toSorted()).toEqual(checks.toSorted())
  })
})

function unique(value: string, index: number, all: readonly string[]): boolean {
  return all.indexOf(value) === index
}
