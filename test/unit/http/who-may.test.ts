/** SECURITY.md says who may call what. Here its table is held against the real endpoints: complete, and true. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import { createEndpoints } from '../../../src/http/endpoints.ts'
import type { VisitorTokens } from '../../../src/ports/tokens.ts'
import { ADMIN_KEY, ORIGIN_KEY, SHOP_ORIGIN, bearer, cookie, createGateway, problemOf } from './gateway.ts'

const PAGE = readFileSync(fileURLToPath(new URL('../../../SECURITY.md', import.meta.url)), 'utf8')
const ADMISSION = 'demo.AAAAAAAAAAAAAAAAAAAAAA'

/** Knows a visitor and an operator by their words. */
const visitorTokens: VisitorTokens = {
  createGuest: async () => ({ userId: 'g', token: 'guest', expiresAtMs: 0 }),
  async verify(token) {
    if (token === 'visitor') return ok({ userId: 'v', isOperator: false })
    return token === 'admin-jwt' ? ok({ userId: 'a', isOperator: true }) : err('token-invalid')
  },
}

const { token: session } = await createGateway().deps.operatorSessions.start('Ada', Date.now())
const operatorCookie = { Cookie: `usher_operator=${session}` }

const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' }
const OTHER_SITES = [
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
  { Origin: 'https://evil.example' },
  { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
]

/** What each column of the table sends; each of the variants must be answered as the column says. */
const CALLERS: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  nobody: [{}],
  'visitor, bearer': [bearer('visitor')],
  'visitor, cookie, same origin': [{ ...cookie('visitor'), ...SAME_ORIGIN }],
  'visitor, cookie, other site': OTHER_SITES.map((from) => ({ ...cookie('visitor'), ...from })),
  'operator, cookie, same origin': [{ ...operatorCookie, ...SAME_ORIGIN }],
  'operator, cookie, other site': OTHER_SITES.map((from) => ({ ...operatorCookie, ...from })),
  'visitor with role: ADMIN': [bearer('admin-jwt'), { ...cookie('admin-jwt'), ...SAME_ORIGIN }],
  'origin key': [bearer(ORIGIN_KEY)],
  'admin key': [bearer(ADMIN_KEY)],
}
const BAD_CREDENTIALS = [
  bearer('bad'),
  cookie('bad'),
  { Cookie: 'usher_operator=bad' },
  // A session is for the cookie, and a visitor's token is none.
  bearer(session),
  cookie(session),
  { Cookie: 'usher_operator=visitor' },
  { Authorization: 'Basic YTpi' },
  cookie(ADMIN_KEY),
]

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim().replaceAll('`', ''))
}

const lines = PAGE.split('\n')
const [, ...columns] = cellsOf(lines.find((line) => line.startsWith('| Endpoint |')) ?? '')
const rows = lines.filter((line) => /^\| `[A-Z]+ \//.test(line)).map(cellsOf)

const gateway = createGateway({ deps: { visitorTokens } })

async function answerTo(endpoint: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const [method = '', path = ''] = endpoint.split(' ')
  const address = path.replace(/\{(admission|reservation)Id\}/, ADMISSION).replaceAll(/\{\w+\}/g, 'demo')
  gateway.calls.length = 0
  gateway.audited.length = 0
  const response = await gateway.fetch(address, { method, headers })
  if (response.status !== 401 && response.status !== 403) return 'allowed'
  const { code } = await problemOf(response)
  // The credential was good; the entry token, which is looked at after it, was not there.
  if (code === 'entry-token-required') return 'allowed'
  // Refused before anything was asked of anybody.
  expect([...gateway.calls, ...gateway.audited]).toEqual([])
  expect(['unauthenticated', 'forbidden', 'cross-site-request']).toContain(code)
  return String(response.status)
}

describe('the table of who may do what', () => {
  it('has every endpoint once, and no other', () => {
    const endpoints = createEndpoints().map(({ method, path }) => `${method} ${path}`)
    expect(rows.map(([endpoint]) => endpoint).toSorted()).toEqual(endpoints.toSorted())
  })

  it('has a column for each kind of caller', () => {
    expect(columns).toEqual(Object.keys(CALLERS))
  })

  it.each(rows)('says of %s what is so', async (endpoint, ...cells) => {
    expect(cells).toHaveLength(columns.length)
    for (const [index, column] of columns.entries()) {
      for (const headers of CALLERS[column] ?? []) {
        expect([column, headers, await answerTo(endpoint ?? '', headers)]).toEqual([
          column,
          headers,
          cells[index],
        ])
      }
    }
  })

  it.each(rows)('%s answers a bad credential as none', async (endpoint, nobody) => {
    for (const headers of BAD_CREDENTIALS) expect(await answerTo(endpoint ?? '', headers)).toBe(nobody)
  })

  it.each(rows.filter(([endpoint]) => !endpoint?.startsWith('GET ')))(
    '%s is refused to whoever has a cookie and does not say where the request comes from',
    async (endpoint, nobody) => {
      // The forms of the waiting page are for everybody, and yet act for the visitor of a cookie.
      const isForm = (endpoint ?? '').includes(' /wait/')
      const expected = nobody === 'allowed' && !isForm ? 'allowed' : '403'
      for (const token of ['visitor', 'admin-jwt']) {
        expect(await answerTo(endpoint ?? '', cookie(token))).toBe(expected)
        if (nobody !== 'allowed') {
          expect(await answerTo(endpoint ?? '', { ...cookie(token), ...OTHER_SITES[0] })).toBe('403')
        }
      }
    },
  )

  it.each(rows.filter(([, nobody]) => nobody === '401'))(
    '%s lets the pages of another origin use no cookie of the operator, though they may act for visitors',
    async (endpoint) => {
      const fromShop = { Origin: SHOP_ORIGIN, 'Sec-Fetch-Site': 'same-site' }
      const isOperators = /admin|metrics/.test(endpoint ?? '')
      expect(await answerTo(endpoint ?? '', { ...operatorCookie, ...fromShop })).toBe(
        isOperators ? '403' : '401',
      )
      const isVisitors = /queue|tickets|reservations|wallet|v1\/drops/.test(endpoint ?? '')
      expect(await answerTo(endpoint ?? '', { ...cookie('visitor'), ...fromShop })).toBe(
        isVisitors ? 'allowed' : '403',
      )
    },
  )

  it.each(rows)('%s takes of two cookies the one that it is about', async (endpoint, nobody) => {
    const both = { Cookie: `usher_visitor=visitor; usher_operator=${session}`, ...SAME_ORIGIN }
    const isOrigins = /\/v1\/admissions/.test(endpoint ?? '')
    expect(await answerTo(endpoint ?? '', both)).toBe(isOrigins ? '403' : 'allowed')
    // The session is over: who is only a visitor is nobody here, and an operator of the identity provider is one still.
    if (nobody !== 'allowed' && /admin|metrics/.test(endpoint ?? '')) {
      const over = (visitor: string) => ({
        Cookie: `usher_visitor=${visitor}; usher_operator=over`,
        ...SAME_ORIGIN,
      })
      expect(await answerTo(endpoint ?? '', over('visitor'))).toBe('401')
      expect(await answerTo(endpoint ?? '', over('admin-jwt'))).toBe('allowed')
    }
  })

  it('every endpoint of operators that changes something is in the audit log, and so is every export', () => {
    const unnamed = createEndpoints()
      .filter(
        ({ auth, method, path }) => auth === 'operator' && (method !== 'GET' || path.endsWith('export.csv')),
      )
      .filter(({ audit }) => audit === undefined)
    expect(unnamed.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })
})
