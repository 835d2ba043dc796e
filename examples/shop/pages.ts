/** The shop's pages. */
import { html } from 'hono/html'

type Html = ReturnType<typeof html>

const NOTICES = {
  'no-seat': ['Which seat?', 'Please choose one of the seats.'],
  taken: ['Just gone', 'Somebody else has bought this seat. Please choose another.'],
  'too-late': ['Your time is over', 'The seats go to the next in line now. You may queue again.'],
} as const

/** @param seatsLeft null: not known here */
export function frontPage(seatsLeft: number | null): Html {
  return page(
    'The Night Ferry',
    html`<p class="lead">One night, one hall, a band that has not played here for ten years.</p>
      <p>
        ${seatsLeft === null ? '' : html`<strong>${seatsLeft}</strong> seats are left. `}So that everybody has
        a fair chance, we let people in one by one.
      </p>
      <p><a class="button" href="/seats">Choose your seat</a></p>`,
  )
}

export function seatsPage(view: {
  readonly seatCount: number
  readonly sold: ReadonlySet<number>
  readonly secondsLeft: number
}): Html {
  const seats = Array.from({ length: view.seatCount }, (_, index) => seatButton(index + 1, view.sold))
  return page(
    'Choose your seat',
    html`<p class="lead">
        You are in. The seats are yours to choose for ${minutesText(view.secondsLeft)}; looking around keeps
        you inside.
      </p>
      <p class="stage">Stage</p>
      <form class="hall" method="post" action="/seats/buy">${seats}</form>
      <form method="post" action="/seats/leave"><button class="quiet">Leave without a seat</button></form>`,
  )
}

/** What a page's script has to know of the sale. */
export type Sale = { readonly usherUrl: string; readonly eventId: string; readonly currency: string }

/** Filled in by `browser/seats.ts`. */
export function seatMapPage(sale: Sale): Html {
  return page(
    'Choose your seats',
    html`<p id="status" class="lead" role="status">You are in.</p>
      <noscript><p>The seats are live: they need JavaScript.</p></noscript>
      <p class="stage">Stage</p>
      <form id="choose">
        <div id="hall"></div>
        <ul class="legend">
          <li data-state="free">free</li>
          <li data-state="held">taken for now</li>
          <li data-state="sold">sold</li>
        </ul>
        <p class="till">
          <span id="sum">Choose up to four seats.</span> <button disabled>Hold these seats</button>
        </p>
      </form>
      <form id="pay" hidden>
        <h2>Pay for your seats</h2>
        <p id="held"></p>
        <p>The seats are yours for <strong id="clock" role="timer" aria-label="Time left"></strong>.</p>
        <p id="balance"></p>
        <p class="till">
          <button name="by" value="wallet">Pay by wallet</button>
          <button name="by" value="provider">Pay by card</button>
          <button name="by" value="none" class="quiet">Other seats</button>
        </p>
      </form>
      <form id="leave" method="post" action="/seats/leave">
        <button class="quiet">Leave without a seat</button>
      </form>`,
    { sale, script: 'seats.js' },
  )
}

/** Filled in by `browser/ticket.ts`. */
export function ticketPage(sale: Sale): Html {
  return page(
    'Your ticket',
    html`<p id="status" class="lead" role="status">One moment.</p>
      <noscript><p>Your ticket needs JavaScript.</p></noscript>
      <dl id="ticket" class="ticket" hidden>
        <dt>Seats</dt>
        <dd id="seats"></dd>
        <dt>Paid</dt>
        <dd id="amount"></dd>
        <dt>Order</dt>
        <dd id="order"></dd>
      </dl>
      <p id="back" hidden><a class="button" href="/seats">To the seats</a></p>`,
    { sale, script: 'ticket.js' },
  )
}

function minutesText(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  return minutes === 1 ? 'a minute' : `${minutes} minutes`
}

function seatButton(number: number, sold: ReadonlySet<number>): Html {
  return sold.has(number)
    ? html`<button class="seat" disabled aria-label="Seat ${number}, sold">${number}</button>`
    : html`<button class="seat" name="seat" value="${number}" aria-label="Seat ${number}">${number}</button>`
}

export function soldPage(number: number): Html {
  return page(
    'Thank you',
    html`<p class="lead">Seat ${number} is yours. The next in line has just been let in.</p>
      <p><a class="button" href="/">To the front page</a></p>`,
  )
}

export function noticePage(notice: keyof typeof NOTICES): Html {
  const [title, text] = NOTICES[notice]
  return page(
    title,
    html`<p class="lead">${text}</p>
      <p><a class="button" href="/seats">To the seats</a></p>`,
  )
}

type Live = { readonly sale: Sale; readonly script: string }

function page(title: string, body: unknown, live: Live | null = null): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/shop.css" />
        ${live === null ? '' : html`<script type="module" src="/${live.script}"></script>`}
      </head>
      <body>
        <header><a href="/">Harbour Hall</a></header>
        <main
          data-usher-url="${live?.sale.usherUrl ?? ''}"
          data-event-id="${live?.sale.eventId ?? ''}"
          data-currency="${live?.sale.currency ?? ''}"
        >
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`
}
