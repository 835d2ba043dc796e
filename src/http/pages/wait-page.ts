/**
 * The waiting page, `GET /wait/{eventId}`. Plain HTML without inline script or style, so that it runs under
 * `script-src 'self'; style-src 'self'; connect-src 'self'`, and `form-action` with the shop's origin.
 * `/wait.js` brings it to life and translates every `data-t`.
 */
import type { EventStatusName } from '../../core/event-config.ts'
import { escapeHtml } from '../../escape-html.ts'

export type WaitPage = {
  readonly eventId: string
  readonly eventName: string
  readonly status: EventStatusName
  /** Where the admitted send their token by form POST, or null when the shop is reached another way. */
  readonly shopUrl: string | null
  /** A link that takes the admitted in, in place of that form; or null. */
  readonly linkPath: string | null
}

/** @returns a whole HTML document; every value is escaped. */
export function renderWaitPage({ eventId, eventName, status, shopUrl, linkPath }: WaitPage): string {
  const name = escapeHtml(eventName)
  const main = `
    <main id="room" data-event="${escapeHtml(eventId)}" data-status="${status}">
      <h1>${name}</h1>
      <p id="status" role="status" data-t="connecting">One moment.</p>
      <p id="live" class="unseen" aria-live="polite"></p>
      <noscript><p>This page keeps your place with JavaScript. Please switch it on and load the page again.</p></noscript>
      <section id="line" hidden>
        <p class="place"><span data-t="yourPlace">Your place in line</span> <strong id="position">–</strong></p>
        <progress id="progress" max="1" value="0" aria-label="The way to the front"></progress>
        <dl>
          <div><dt data-t="wait">Waiting time</dt><dd id="eta">–</dd></div>
          <div><dt data-t="behind">Behind you</dt><dd id="behind">–</dd></div>
          <div><dt data-t="total">In line</dt><dd id="total">–</dd></div>
        </dl>
      </section>
      <section id="entry" hidden>
        <p id="countdown" role="timer" aria-live="off"></p>${linkPath === null ? entryForm(shopUrl) : entryLink(linkPath)}
      </section>
      <p class="actions">
        <button id="leave" type="button" hidden data-t="leave">Leave the line</button>
        <button id="again" type="button" hidden data-t="again">Join again</button>
      </p>
    </main>`
  return documentWith(name, main, SCRIPTS)
}

const SCRIPTS = `
    <script type="module" src="/wait.js"></script>`

/** The page of an event that does not exist. */
export function renderMissingPage(): string {
  const main = `
    <main>
      <h1>There is no such line</h1>
      <p>The address may be mistyped, or the event is over.</p>
    </main>`
  return documentWith('There is no such line', main, '')
}

/** The token travels in the body of a POST, never in a URL. `wait.js` fills it in. */
function entryForm(shopUrl: string | null): string {
  if (shopUrl === null) return ''
  return `
        <form id="enter" method="post" action="${escapeHtml(shopUrl)}">
          <input type="hidden" name="token" autocomplete="off">
          <button data-t="enter">Enter</button>
        </form>`
}

function entryLink(path: string): string {
  return `
        <p><a href="${escapeHtml(path)}" data-t="enter">Enter</a></p>`
}

function documentWith(title: string, main: string, script: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/wait.css">${script}
  </head>
  <body>${main}
  </body>
</html>
`
}
