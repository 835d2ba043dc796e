/** The documents say what the code says, wherever a program can compare the two. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CONFIG_VARIABLES } from '../../src/config-reader.ts'
import { createEndpoints } from '../../src/http/endpoints.ts'
import { openApiDocument, problemsOf } from '../../src/http/openapi.ts'
import { PROBLEMS } from '../../src/http/problem-catalog.ts'
import { SALE_METRICS } from '../../src/purchase/http/metrics.ts'
import { LINE_COUNTERS, LINE_GAUGES, LINE_HISTOGRAMS } from '../../src/ports/lines.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Folders and files that .gitignore names, and git's own. */
const IGNORED = new Set(['.git', ...read('.gitignore').split('\n')].map((line) => line.replace(/\/$/, '')))

function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !IGNORED.has(name) && !IGNORED.has(`*${extname(name)}`))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesUnder(path) : [path]
    })
}

const FILES = filesUnder('')

/** The part of a page from one heading to the next of the same or a higher rank. */
function section(page: string, heading: string): string {
  const rank = /^#+/.exec(heading)?.[0].length ?? 1
  const [, after = ''] = `${page}\n`.split(`\n${heading}\n`)
  return after.split(new RegExp(`^#{1,${rank}} `, 'm'))[0] ?? ''
}

/** The cells of every table row whose first cell is one word of code. */
function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => /^\| `[^`]+` \|/.test(line))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('`', '')))
}

function matches(text: string, pattern: RegExp): string[] {
  return [...new Set(Array.from(text.matchAll(pattern), ([whole, group]) => group ?? whole))]
}

describe('problems', () => {
  it('the page, the catalog and their statuses agree', () => {
    const page = rows(read('docs/problems.md')).map(([code, status]) => [code, Number(status)])
    const catalog = Object.entries(PROBLEMS).map(([code, { status }]) => [code, status])
    expect(Object.fromEntries(page)).toEqual(Object.fromEntries(catalog))
    expect(page).toHaveLength(catalog.length)
  })

  it('OpenAPI lists every problem but the two that belong to no endpoint', () => {
    const endpoints = createEndpoints()
    const listed = new Set<string>(endpoints.flatMap(problemsOf))
    expect([...listed, 'not-found', 'method-not-allowed'].toSorted()).toEqual(
      Object.keys(PROBLEMS).toSorted(),
    )
    const document = JSON.stringify(openApiDocument(endpoints))
    for (const code of listed) expect(document).toContain(`"${code}"`)
  })
})

describe('configuration', () => {
  const page = read('docs/configuration.md')

  it('every variable that the Worker reads is described, and no other', () => {
    const described = rows(section(page, '## Variables').split('\n###')[0] ?? '').map(([name]) => name)
    expect(described.toSorted()).toEqual([...CONFIG_VARIABLES].toSorted())
  })

  it('every field of an event is described with its range and default', () => {
    const { components } = openApiDocument(createEndpoints()) as {
      components: { schemas: Record<string, { properties: Record<string, FieldSchema> }> }
    }
    const fields = components.schemas['EventConfig']?.properties ?? {}
    const described = new Map(
      rows(section(page, '## Fields of an event')).map(([name = '', , range = '', byDefault = '']) => [
        name,
        { range, byDefault },
      ]),
    )
    expect([...described.keys()].toSorted()).toEqual(Object.keys(fields).toSorted())
    for (const [name, schema] of Object.entries(fields)) {
      const { minimum, maximum } = schema.anyOf?.[0] ?? schema
      if (maximum !== undefined) expect(described.get(name)?.range).toContain(`${minimum} to ${maximum}`)
      if (schema.default !== undefined && schema.default !== true) {
        expect(described.get(name)?.byDefault, name).toContain(String(schema.default))
      }
    }
  })
})

type FieldSchema = {
  minimum?: number
  maximum?: number
  default?: string | number | boolean | null
  anyOf?: FieldSchema[]
}

describe('invariants', () => {
  const page = read('docs/invariants.md')

  it('every id that code, scripts and tests use is stated', () => {
    const stated = new Set(matches(page, /^\| (INV-\d+) \|/gm))
    const users = FILES.filter((file) => /^(src|lua|test|docs)\//.test(file))
    const unstated = users.flatMap((file) =>
      matches(read(file), /\bINV-\d+\b/g)
        .filter((id) => !stated.has(id))
        .map((id) => `${file}: ${id}`),
    )
    expect(unstated).toEqual([])
  })

  it('every test that is named as a proof mentions the id, and nothing is without proof', () => {
    const unproved = matches(page, /^\| (INV-\d+) \|/gm).filter((id) => {
      const heading = new RegExp(`^## ${id}: .*$`, 'm').exec(page)?.[0] ?? ''
      const proofs = matches(section(page, heading), /`(test\/[\w./-]+\.test\.ts)`/g)
      return proofs.length === 0 || proofs.some((file) => !new RegExp(`\\b${id}\\b`).test(read(file)))
    })
    expect(unproved).toEqual([])
  })

  it('every file that the page names exists', () => {
    const named = matches(page, /`((?:src|lua|test)\/[\w./-]+)`/g)
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })
})

describe('storage', () => {
  const page = read('docs/storage.md')

  it.each([
    'durable/line-schema',
    'durable/event-registry',
    'durable/idempotency-shard',
    'durable/audit-log',
    'purchase/objects/office-schema',
    'purchase/objects/wallet-storage',
    'outbound/outbox',
    'outbound/dead-letter-storage',
    'purchase/payments/desk-rows',
    'drops/objects/drop-schema',
    'drops/objects/drop-directory',
    'drops/redis/issuer-rows',
  ])('every column of %s is described', (source) => {
    const columns = matches(read(`src/${source}.ts`), /^\s+(\w+) (?:INTEGER|TEXT|REAL)\b/gm)
    expect(columns.length).toBeGreaterThan(0)
    expect(columns.filter((column) => !page.includes(`\`${column}\``))).toEqual([])
  })

  it('every script is described', () => {
    const scripts = FILES.filter((file) => /^lua\/(drops\/)?\w+\.lua$/.test(file)).map((file) =>
      basename(file, '.lua'),
    )
    expect(rows(page).map(([name]) => name)).toEqual(expect.arrayContaining(scripts))
  })
})

describe('operations', () => {
  const page = read('docs/operations.md')

  it('every metric is described', () => {
    const names = [...LINE_COUNTERS, ...LINE_GAUGES, ...LINE_HISTOGRAMS, ...SALE_METRICS, 'dead_letters']
    const undescribed = names.filter((name) => !new RegExp(`\`usher_${name}[\`{]`).test(page))
    expect(undescribed).toEqual([])
  })

  it('every log event is described, and none that is not written', () => {
    const source = FILES.filter((file) => file.startsWith('src/')).map(read)
    const written = matches(source.join('\n'), /\blog(?:\.(?:info|warn|error))?\(\s*'([a-z_]+)'/g)
    const described = section(page, '## The log').match(/^\| (?:`\w+`(?:, )?)+ \|/gm) ?? []
    expect(matches(described.join(), /`(\w+_\w+)`/g).toSorted()).toEqual(written.toSorted())
  })
})

describe('pages', () => {
  it('every relative link leads somewhere', () => {
    const broken = FILES.filter((file) => file.endsWith('.md')).flatMap((page) =>
      matches(read(page), /\]\(([^)\s]+)\)/g)
        .filter((link) => !/^[a-z]+:/.test(link) && !resolves(page, link))
        .map((link) => `${page}: ${link}`),
    )
    expect(broken).toEqual([])
  })

  it('nothing tracked mentions unfinished work, or files that are not part of the project', () => {
    // Put together here, so that this file does not contain them.
    const words = [
      ['TO', 'DO'],
      ['FIX', 'ME'],
      ['..', '/shared'],
      ['/wo', 'rk/'],
    ].map((parts) => parts.join(''))
    const [task = '', repair = '', ...paths] = words
    const unfinished = new RegExp(`\\b(${task}|${repair})\\b`)
    const found = FILES.filter((file) => file !== 'package-lock.json').filter((file) => {
      const text = read(file)
      return unfinished.test(text) || paths.some((path) => text.includes(path))
    })
    expect(found).toEqual([])
  })
})

function resolves(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path))
  if (!existsSync(join(ROOT, target))) return false
  return (
    anchor === undefined ||
    matches(read(target), /^#+ (.+)$/gm)
      .map(slugOf)
      .includes(anchor)
  )
}

/** The id that GitHub gives a heading. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
