/** What operators get as a table. */
import { expect } from 'vitest'
import type { Api } from './usher.ts'

/** Reads a table as an operator does, its rows by the names of the columns. */
export async function csv(
  api: Api,
  path: string,
): Promise<{ header: string[]; rows: Record<string, string>[]; headers: Headers }> {
  const { status, body, headers } = await api.admin('GET', path)
  expect(status).toBe(200)
  const [header = [], ...records] = csvRecords(body)
  const rows = records.map((cells) =>
    Object.fromEntries(cells.map((cell, index) => [header[index] ?? '', cell])),
  )
  return { header, rows, headers }
}

/** Reads RFC 4180, to the letter. */
function csvRecords(text: string): string[][] {
  const records: string[][] = [[]]
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/gy
  for (let match = cells.exec(text); match !== null && match[0] !== ''; match = cells.exec(text)) {
    records.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === '\r\n') records.push([])
  }
  expect(records.pop()).toEqual([])
  return records
}
