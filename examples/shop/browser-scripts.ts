/** The scripts of the seats page and the ticket page, bundled for browsers. */
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export type BrowserScripts = Readonly<Record<'seats.js' | 'ticket.js', string>>

/** @throws Error of esbuild when one does not compile. */
export async function browserScripts(): Promise<BrowserScripts> {
  const { outputFiles } = await build({
    entryPoints: ['seats', 'ticket'].map((name) =>
      fileURLToPath(new URL(`browser/${name}.ts`, import.meta.url)),
    ),
    outdir: '/',
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    write: false,
  })
  const textOf = (name: string): string => outputFiles.find(({ path }) => basename(path) === name)?.text ?? ''
  return { 'seats.js': textOf('seats.js'), 'ticket.js': textOf('ticket.js') }
}
