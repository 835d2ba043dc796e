/** The shop's pages. */
import { html } from 'hono/html'

type Html = ReturnType<typeof html>

const NOTICES = {
  'no-seat': ['Which seat?', 'Please choose one of the seats.'],
  taken: ['Just gone', 'Somebody else has bought this seat. Please choose another.'],
  'too-late': ['Your time is over', 'The seats go to the next in line now. You may queue again.'],
} as const

export function frontPage(seatsLeft: number): Html {
  return page(
    'The Night Ferry',
    html`<p class="lead">One night, one hall, a band that has not played here for ten years.</p>
      <p>
        <strong>${seatsLeft}</strong> seats are left. So that everybody has a fair chance, we let people in
        one by one.
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

function page(title: string, body: unknown): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/shop.css" />
      </head>
      <body>
        <header><a href="/">Harbour Hall</a></header>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`
}
