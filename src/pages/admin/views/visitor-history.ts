/** One visitor's places in one event, the latest first, and what can be done about the one that is alive. */
import type { Console } from '../console.ts'
import { confirm } from '../dom/dialog.ts'
import { button, h } from '../dom/element.ts'
import type { Admission, HistoryPlace, VisitorHistory } from '../model/answers.ts'
import { failureText } from '../model/failure.ts'
import { countText } from '../model/format.ts'
import { presenceText } from '../model/presence.ts'
import { hashOf } from '../model/route.ts'
import { texts } from '../texts.ts'
import { fact, instant } from './marks.ts'

const words = texts.lookUp

/**
 * @param query what was looked for: an admission with this id is marked.
 * @param onChanged something was done, so that it should be asked for again.
 */
export function visitorHistory(
  console: Console,
  { userId, eventId, places }: VisitorHistory,
  query: string,
  onChanged: () => void,
): HTMLElement {
  const event = h('a', { href: hashOf({ page: 'event', eventId }) }, eventId)
  const items = places.map((place) => placeItem(console, { userId, eventId }, place, query, onChanged))
  return h(
    'section',
    { class: 'history' },
    h('h2', { tabindex: -1 }, words.visitor(userId)),
    h(
      'p',
      { class: 'lead' },
      words.places(places.length),
      ` ${words.inEvent} `,
      event,
      places.length > 1 ? words.latestFirst : null,
    ),
    h('ol', { class: 'places' }, ...items),
  )
}

type Whose = { readonly userId: string; readonly eventId: string }

function placeItem(
  console: Console,
  whose: Whose,
  place: HistoryPlace,
  query: string,
  onChanged: () => void,
): HTMLLIElement {
  const { admission, state, joinNumber } = place
  const isFound = admission !== null && admission.admissionId === query
  const head = h(
    'div',
    { class: 'head' },
    h('h3', {}, words.place(countText(joinNumber))),
    h('span', { class: 'badge', 'data-state': state }, words.states[state]),
    act(console, whose, place, onChanged),
  )
  return h(
    'li',
    { class: isFound ? 'card found-one' : 'card' },
    head,
    h('dl', { class: 'facts' }, ...facts(place)),
  )
}

/** A live admission can be revoked, a waiting place taken out of the line. */
function act(
  { api, say }: Console,
  { userId, eventId }: Whose,
  { admission, state }: HistoryPlace,
  onChanged: () => void,
): HTMLButtonElement | null {
  const ask = (
    [title, means, yes, done]: readonly [string, string, string, string],
    run: () => ReturnType<typeof api.revoke> | ReturnType<typeof api.removeVisitor>,
  ): void => {
    void confirm({
      title,
      means,
      confirm: yes,
      cancel: texts.cancel,
      isFinal: true,
      async run() {
        const answer = await run()
        if (!answer.ok) return failureText(answer.error)
        say(done)
        onChanged()
        return null
      },
    })
  }
  const look = { class: 'danger-quiet', 'aria-haspopup': 'dialog' }
  if (admission !== null && admission.state !== 'ended') {
    const revoke = [words.revokeTitle, words.revokeMeans(userId), words.revokeConfirm, words.revoked] as const
    return button(words.revoke, () => ask(revoke, () => api.revoke(admission.admissionId)), look)
  }
  if (state !== 'WAITING') return null
  const remove = [words.removeTitle, words.removeMeans(userId), words.removeConfirm, words.removed] as const
  return button(words.remove, () => ask(remove, () => api.removeVisitor(eventId, userId)), look)
}

function facts(place: HistoryPlace): HTMLElement[] {
  const { state, number, position, joinedAt, endedAt, admission } = place
  const presence = presenceText(place)
  return [
    fact(words.joined, instant(joinedAt)),
    number === null ? null : fact(words.number, countText(number)),
    position === null ? null : fact(words.position, countText(position)),
    state === 'WAITING' ? fact(words.presence, presence) : null,
    ...(admission === null ? [] : admissionFacts(admission)),
    endedAt === null ? null : fact(words.ended, instant(endedAt)),
    admission === null ? null : fact(words.admission, h('code', {}, admission.admissionId)),
  ].filter((each) => each !== null)
}

function admissionFacts({ admittedAt, redeemedAt, leaseExpiresAt, endedAt, outcome }: Admission) {
  return [
    fact(words.admitted, instant(admittedAt)),
    fact(words.entered, redeemedAt === null ? words.notEntered : instant(redeemedAt)),
    endedAt === null ? fact(words.leaseEnds, instant(leaseExpiresAt)) : null,
    outcome === null ? null : fact(words.outcome, words.outcomes[outcome]),
  ]
}
