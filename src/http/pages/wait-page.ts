/**
 * The waiting page as HTML: complete without a script, which then brings it to life (src/pages/wait). Nothing inline, so
 * it runs under `script-src 'self'; style-src 'self'`.
 */
import type { Brand } from '../../brand-config.ts'
import { standingOf } from '../../client/standing.ts'
import { formatOf } from '../../pages/wait/format.ts'
import type { Room, RoomData } from '../../pages/wait/room.ts'
import { entryUrl } from '../../pages/wait/shop-url.ts'
import { viewOf, type View } from '../../pages/wait/view.ts'
import { escapeHtml } from '../../escape-html.ts'
import { fillTemplate } from './template.ts'

export type WaitPage = {
  readonly data: RoomData
  readonly brand: Brand
  /** Tells one style of the brand from the next. */
  readonly styleVersion: string
  readonly template: string
}

/** How often a page without a script reloads itself: not rarer than is needed to be present. */
const REFRESH_SECONDS_MIN = 5
const REFRESH_SECONDS_MAX = 30
/** Of those who have no place that would say. */
const REFRESH_SECONDS_OUTSIDE = 15

/** @returns a whole HTML document; every value is escaped. */
export function renderWaitPage(page: WaitPage): string {
  const { data, brand } = page
  const view = firstView(page)
  return fillTemplate(page.template, {
    language: escapeHtml(data.language),
    direction: data.texts.direction ?? 'ltr',
    title: escapeHtml(view.tabTitle),
    event: escapeHtml(data.eventName),
    head: headOf(page, view),
    brand: brandOf(brand),
    room: roomOf(page, view),
  })
}

function firstView({ data }: WaitPage): View {
  const room: Room = {
    ...data,
    hasShop: data.shop !== null,
    standing: data.place === null ? null : standingOf(data.place, null),
    connection: 'connecting',
    firstPosition: data.place?.position ?? null,
  }
  // The visitor's zone is not known here, and nothing counts on a page without a script.
  return viewOf(room, data.texts, formatOf(data.language, data.texts, 'UTC'), false)
}

function headOf({ brand, data, styleVersion }: WaitPage, view: View): string {
  const refreshSeconds = refreshSecondsOf(view, data.place?.pollAfterMs ?? null)
  const tags = [
    '<meta name="robots" content="noindex">',
    '<meta name="color-scheme" content="light dark">',
    '<link id="icon" rel="icon" href="/icon.svg" type="image/svg+xml">',
    '<link rel="stylesheet" href="/wait.css">',
    brand.style === null ? '' : `<link rel="stylesheet" href="/brand.css?v=${styleVersion}">`,
    refreshSeconds === null
      ? ''
      : `<noscript><meta http-equiv="refresh" content="${refreshSeconds};url=${escapeHtml(addressOf(data))}"></noscript>`,
    view.phase === 'missing' ? '' : '<script type="module" src="/wait.js"></script>',
  ]
  return tags.filter((tag) => tag !== '').join('\n    ')
}

/** The page's own, also when it answers a form. */
function addressOf({ eventId, shop }: RoomData, act = ''): string {
  const query = shop?.returnPath == null ? '' : `?return=${encodeURIComponent(shop.returnPath)}`
  return `/wait/${eventId}${act}${query}`
}

/** Null: there is nothing to come, or, once admitted, somebody about to press a button. */
function refreshSecondsOf(view: View, pollAfterMs: number | null): number | null {
  switch (view.phase) {
    case 'waiting':
    case 'next':
    case 'drawing':
    case 'paused':
    case 'held': {
      const seconds = Math.ceil((pollAfterMs ?? 0) / 1_000)
      return Math.min(Math.max(seconds, REFRESH_SECONDS_MIN), REFRESH_SECONDS_MAX)
    }
    case 'scheduled':
    case 'unopened':
    case 'refused':
    case 'busy':
      return REFRESH_SECONDS_OUTSIDE
    default:
      return null
  }
}

function brandOf({ name, logo, message }: Brand): string {
  const parts = [
    logo === null
      ? ''
      : `<img src="${escapeHtml(logo)}" alt="${name === null ? '' : escapeHtml(name)}" height="40">`,
    name === null ? '' : `<span${logo === null ? '' : ' aria-hidden="true"'}>${escapeHtml(name)}</span>`,
  ].join('')
  const header = parts === '' ? '' : `<header class="brand">${parts}</header>`
  return message === null ? header : `${header}<p class="message">${escapeHtml(message)}</p>`
}

function roomOf({ data }: WaitPage, view: View): string {
  const { texts } = data
  const t = escapeHtml
  return `<main id="room" data-phase="${view.phase}" data-room="${t(JSON.stringify(data))}">
      <p class="event">${t(data.eventName)}</p>
      <h1 id="title" tabindex="-1">${t(view.title)}</h1>
      <p id="text">${t(view.text)}</p>
      <p id="note" role="status">${t(view.note ?? '')}</p>
      <p id="live" class="unseen" aria-live="polite"></p>
      ${lineOf(view, texts)}
      <p id="countdown" role="timer" aria-live="off"${hidden(view.countdown === null)}>${t(view.countdown ?? '')}</p>
      <p id="date"${hidden(view.date === null)}>${t(view.date ?? '')}</p>
      ${enterOf(data, view)}
      <section id="next"${hidden(view.next === null)}>
        <h2>${t(texts.nextHeading)}</h2>
        <p id="nextText">${t(view.next ?? '')}</p>
      </section>
      ${view.line === null ? '' : `<noscript><p class="quiet">${t(texts.noScript)}</p></noscript>`}
      ${actionsOf(data, view)}
    </main>`
}

function lineOf({ line }: View, texts: RoomData['texts']): string {
  const t = escapeHtml
  const fact = (id: string, label: string, value: string | undefined): string =>
    `<div><dt>${t(label)}</dt><dd id="${id}">${t(value ?? '–')}</dd></div>`
  return `<section id="line"${hidden(line === null)}>
        <p class="place"><span>${t(texts.place)}</span> <strong id="position">${t(line?.position ?? '–')}</strong></p>
        <progress id="progress" max="1" value="${line?.progress ?? 0}" aria-label="${t(texts.progress)}"></progress>
        <p id="ahead">${t(line?.ahead ?? '')}</p>
        <dl>
          ${fact('wait', texts.wait, line?.wait)}
          ${fact('pace', texts.pace, line?.pace)}
          ${fact('behind', texts.behind, line?.behind)}
        </dl>
      </section>`
}

/** The token travels in the body of a POST or in a fragment, never in a query. */
function enterOf({ shop, place, texts }: RoomData, view: View): string {
  if (shop === null) return ''
  const token = view.canEnter ? (place?.entryToken ?? '') : ''
  const t = escapeHtml
  const button =
    shop.tokenBy !== 'form'
      ? `<a id="enter" class="button" href="${t(entryUrl(shop, token))}">${t(texts.enter)}</a>`
      : `<form id="shop" method="post" action="${t(shop.url)}">
          <input type="hidden" name="token" value="${t(token)}" autocomplete="off">
          ${shop.returnPath === null ? '' : `<input type="hidden" name="return" value="${t(shop.returnPath)}">`}
          <button id="enter">${t(texts.enter)}</button>
        </form>`
  return `<section id="entry"${hidden(!view.canEnter)}>
        ${button}
        <p id="goingIn" class="quiet" hidden></p>
        <button id="notYet" class="plain" type="button" hidden>${t(texts.notYet)}</button>
      </section>`
}

function actionsOf(data: RoomData, view: View): string {
  const { texts } = data
  const form = (id: string, act: string, label: string, isHidden: boolean): string =>
    `<form id="${id}Form" method="post" action="${escapeHtml(addressOf(data, `/${act}`))}"${hidden(isHidden)}>
          <button id="${id}"${id === 'leave' ? ' class="plain"' : ''}>${escapeHtml(label)}</button>
        </form>`
  return `<div class="actions">
        ${form('again', 'join', view.again ?? '', view.again === null)}
        <button id="sound" class="plain" type="button" hidden></button>
        ${form('leave', 'leave', texts.leave, !view.canLeave)}
      </div>`
}

function hidden(isHidden: boolean): string {
  return isHidden ? ' hidden' : ''
}
