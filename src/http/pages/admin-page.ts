/**
 * The operator's console, `GET /admin`: a frame that is the same for everybody. What it shows it asks of the API, with
 * the session of whoever is signed in (docs/console.md).
 */

/** A whole HTML document. The form that takes the operator's key is made by the script: without it, no key is typed. */
export const ADMIN_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <meta name="color-scheme" content="light dark">
    <title>Usher console</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/admin.css">
    <script type="module" src="/admin.js"></script>
  </head>
  <body>
    <noscript><main><h1>Usher console</h1><p>The console needs JavaScript. Please switch it on and load the page again.</p></main></noscript>
  </body>
</html>
`

/** Nothing inline, nothing from elsewhere, nothing posted, and no text that becomes markup. */
export const ADMIN_PAGE_HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
} as const
