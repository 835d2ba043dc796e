import { describe, expect, it } from 'vitest'
import { csvLine, csvResponse, type CsvPage } from '../../../src/http/csv.ts'
import { log } from '../../../src/observability/log.ts'

const silent = { ...log, warn: () => {} }

describe('a record', () => {
  it.each([
    [['a', 1, null, ''], 'a,1,,'],
    [['a,b', 'say "hi"', 'two\nlines', 'back\r'], '"a,b","say ""hi""","two\nlines","back\r"'],
    [[0, -1, 1.5], '0,-1,1.5'],
  ])('of %j is written as RFC 4180 has it', (cells, text) => {
    expect(csvLine(cells)).toBe(`${text}\r\n`)
  })

  it.each([
    ['=1+1', "'=1+1"],
    ['+49 1', "'+49 1"],
    ['-2', "'-2"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['\n=1', `"'\n=1"`],
    ['=cmd|"/c calc",A', `"'=cmd|""/c calc"",A"`],
    ['a=1', 'a=1'],
    ["'=1", "'=1"],
  ])('keeps a spreadsheet from taking %j for a formula', (cell, text) => {
    expect(csvLine([cell])).toBe(`${text}\r\n`)
  })
})

/** So many pages of ten rows. Counts what was asked for. */
function pages(count: number) {
  const asked: number[] = []
  const page = (at: number): CsvPage<number> => ({
    rows: Array.from({ length: 10 }, (_, row) => [`${at}.${row}`]),
    next: at + 1 < count ? at + 1 : null,
  })
  const nextPage = async (at: number): Promise<CsvPage<number>> => {
    asked.push(at)
    return page(at)
  }
  return { asked, nextPage, first: page(0) }
}

describe('a table', () => {
  it('has a header, every row of every page once, and a name', async () => {
    const { nextPage, first } = pages(3)
    const response = csvResponse({ name: 'places.csv', columns: ['n'], first }, nextPage, silent)
    const lines = (await response.text()).split('\r\n')
    expect(lines.slice(0, 3)).toEqual(['n', '0.0', '0.1'])
    expect(lines).toHaveLength(1 + 30 + 1)
    expect(new Set(lines).size).toBe(lines.length)
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="places.csv"')
  })

  it('without a row has its header', async () => {
    const response = csvResponse(
      { name: 'x', columns: ['a', 'b'], first: { rows: [], next: null } },
      pages(1).nextPage,
      silent,
    )
    expect(await response.text()).toBe('a,b\r\n')
  })

  it('asks for pages no faster than they are taken', async () => {
    const { nextPage, asked, first } = pages(1_000)
    const response = csvResponse({ name: 'x', columns: ['n'], first }, nextPage, silent)
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.read()
    expect(asked.length).toBeLessThan(5)
    await reader?.cancel()
    expect(asked.length).toBeLessThan(5)
  })

  it('breaks off when a page cannot be had, so that nobody takes it for whole', async () => {
    const { first } = pages(2)
    const failing = async (): Promise<never> => {
      throw new Error('gone')
    }
    await expect(csvResponse({ name: 'x', columns: ['n'], first }, failing, silent).text()).rejects.toThrow(
      'gone',
    )
  })
})
