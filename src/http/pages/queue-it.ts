import { escapeHtml } from '../../escape-html.ts'

/** What a connector calls the fault of a token, and what that means to the visitor. */
const REASONS: Readonly<Record<string, string>> = {
  timestamp: 'Your ticket had expired.',
  ip: 'Your ticket was given to another network address.',
  eventid: 'Your ticket was for another event.',
}

/** For somebody whose token the shop's connector has refused. `back`: the waiting page, with where they wanted to go. */
export function renderRefusedPage({ errorCode, back }: { errorCode: string; back: string }): string {
  const reason = REASONS[errorCode] ?? 'The shop did not accept your ticket.'
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <meta name="color-scheme" content="light dark">
    <title>You could not be let in</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/wait.css">
  </head>
  <body>
    <main>
      <h1>You could not be let in</h1>
      <p>${reason} The waiting room knows your place still, and gives you a new ticket if it is your turn.</p>
      <p><a href="${escapeHtml(back)}">To the waiting room</a></p>
    </main>
  </body>
</html>
`
}
