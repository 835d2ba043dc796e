/** Tables for spreadsheets: RFC 4180, UTF-8, read page by page while they are sent. */
import { errorFields } from '../observability/log.ts'
import type { Log } from '../observability/log.ts'

export type CsvCell = string | number | null

/** What a spreadsheet takes for the beginning of a formula, so that a user id could be a program. */
const FORMULA_PATTERN = /^[=+\-@\t\r\n]/
const NEEDS_QUOTES_PATTERN = /[",\r\n]/

export type CsvPage<Cursor> = { readonly rows: readonly (readonly CsvCell[])[]; readonly next: Cursor | null }

/** One record with its line break. Texts that look like a formula get an apostrophe before them; numbers do not. */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

/**
 * A file to be kept, whose pages are asked for as fast as they are taken. The first page is there already, so what
 * could be refused has been. When a later one fails the transfer breaks off: a file that ended there would look whole.
 */
export function csvResponse<Cursor>(
  file: { readonly name: string; readonly columns: readonly string[]; readonly first: CsvPage<Cursor> },
  nextPage: (cursor: Cursor) => Promise<CsvPage<Cursor>>,
  log: Log,
): Response {
  const encoder = new TextEncoder()
  let page: CsvPage<Cursor> | null = file.first
  let head = csvLine(file.columns)
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        if (page === null) return controller.close()
        const text = head + page.rows.map(csvLine).join('')
        head = ''
        if (text !== '') controller.enqueue(encoder.encode(text))
        page = page.next === null ? null : await nextPage(page.next)
        if (page === null) controller.close()
      } catch (error) {
        log.warn('export_broken', { file: file.name, ...errorFields(error) })
        controller.error(error)
      }
    },
  })
  return new Response(body, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8; header=present',
      'Content-Disposition': `attachment; filename="${file.name}"`,
    },
  })
}

function csvCell(cell: CsvCell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA_PATTERN.test(cell) ? `'${cell}` : cell
  return NEEDS_QUOTES_PATTERN.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
