/** The pages that people see between the waiting room and the shop, and the two files that they need. */
import { escapeHtml } from '../escape-html.ts'

export type Page = {
  readonly title: string
  readonly text: string
  /** A ticket to send, by a button. */
  readonly form: { readonly token: string; readonly returnPath: string | null } | null
  readonly link: string
  /** Whether the ticket is sent without the button, where scripts run. */
  readonly isCarried?: boolean
}

/** Sends the form at once, with what the fragment says; the fragment leaves the address bar and the history. */
const SCRIPT = `const form = document.forms[0]
const given = new URLSearchParams(location.hash.slice(1))
if (given.has('usher_token')) {
  form.elements['token'].value = given.get('usher_token')
  form.elements['return'].value = given.get('return') ?? ''
  history.replaceState(null, '', location.pathname)
}
if (form.elements['token'].value !== '') form.submit()
`

const STYLE = `:root { color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif }
body { display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 1rem; text-align: center }
button { padding: 0.6rem 1.4rem; font: inherit }
`

const FILE_MAX_AGE_SECONDS = 3_600

/**
 * The script and the style, beside the entrance. They are files and not part of the page: a shop's own policy, which may
 * be put over this page's, rarely allows what is inline and mostly what is from itself.
 */
export function pageFile(pathname: string, enterPath: string): Response | null {
  const file = {
    [`${enterPath}.js`]: ['text/javascript', SCRIPT],
    [`${enterPath}.css`]: ['text/css', STYLE],
  }[pathname]
  if (file === undefined) return null
  const [type, text] = file
  const headers = {
    'Content-Type': `${type}; charset=utf-8`,
    'Cache-Control': `public, max-age=${FILE_MAX_AGE_SECONDS}`,
    'X-Content-Type-Options': 'nosniff',
  }
  return new Response(text, { headers })
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Makes responses of pages; `headers` are added to those that every page has. */
export function pageOf(enterPath: string): (page: Page, status: number, headers: Headers) => Response {
  return ({ title, text, form, link, isCarried = false }, status, headers) => {
    const script = isCarried ? `\n    <script src="${escapeHtml(enterPath)}.js" defer></script>` : ''
    const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <meta name="color-scheme" content="light dark">
    <title>${escapeHtml(title)}</title>
    <link rel="stylesheet" href="${escapeHtml(enterPath)}.css">${script}
  </head>
  <body>
    <main>
      <h1>${escapeHtml(title)}</h1>
      <p>${escapeHtml(text)}</p>${form === null ? '' : formOf(form, enterPath)}
      <p><a href="${escapeHtml(link)}">To the waiting room</a></p>
    </main>
  </body>
</html>
`
    headers.set('Content-Security-Policy', POLICY)
    headers.set('Content-Type', 'text/html; charset=utf-8')
    // Not `no-referrer`: the form's `Origin` would be `null`, which the shop's own checks would take for another site.
    headers.set('Referrer-Policy', 'same-origin')
    headers.set('X-Content-Type-Options', 'nosniff')
    return new Response(html, { status, headers })
  }
}

function formOf(
  { token, returnPath }: { token: string; returnPath: string | null },
  enterPath: string,
): string {
  return `
      <form method="post" action="${escapeHtml(enterPath)}">
        <input type="hidden" name="token" value="${escapeHtml(token)}">
        <input type="hidden" name="return" value="${escapeHtml(returnPath ?? '')}">
        <input type="hidden" name="carried" value="1">
        <button>Continue</button>
      </form>`
}
