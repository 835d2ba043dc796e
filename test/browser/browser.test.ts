/** The watch over pages that the other tests rely on: what it has to notice, it notices. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/usher.ts'
import { useBrowser } from './support/browser.ts'

const POLICY = "default-src 'none'; script-src 'self'; connect-src http://127.0.0.1:*"

let server: Server
let origin: string
beforeAll(async () => {
  server = createServer((request, response) => {
    response.setHeader('Content-Security-Policy', POLICY)
    response.setHeader('Content-Type', 'text/html')
    response.end(request.url === '/inline' ? '<p>a</p><script>document.title = 1</script>' : '<p>a</p>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())
const browser = useBrowser()

it.each([
  ['an inline script', /content security policy|Content Security Policy/i, '/inline', () => {}],
  [
    'an exception',
    /lost its way/,
    '/',
    () => {
      setTimeout(() => {
        throw new Error('lost its way')
      })
    },
  ],
  ['an error in the console', /said so/, '/', () => console.error('said so')],
  [
    'a request to a third party',
    /third party: http:\/\/127/,
    '/',
    () => void fetch('http://127.0.0.1:9/x').catch(() => {}),
  ],
])('%s fails the test', async (_, fault, path, act) => {
  const page = await browser.page({ origins: [origin] })
  await page.goto(path)
  await page.evaluate(act)
  await eventually(() => browser.faults[0] ?? null)
  expect(browser.faults.splice(0).join('\n')).toMatch(fault)
})
