/** The operator's console. One view at a time, by the fragment of the URL; without a session, the way in over it. */
import { createApi } from './api.ts'
import type { Console, View } from './console.ts'
import { setChildren } from './dom/element.ts'
import { createSayer } from './dom/say.ts'
import { createLiveStatus } from './live-status.ts'
import type { OperatorSession } from './model/answers.ts'
import { failureText, isNobody } from './model/failure.ts'
import type { Failure } from './model/failure.ts'
import { hashOf, routeOf } from './model/route.ts'
import type { Route } from './model/route.ts'
import { createShell } from './shell.ts'
import { texts } from './texts.ts'
import { openView } from './views/open-view.ts'
import { createSignIn } from './views/sign-in.ts'

const { element: said, say } = createSayer()
const liveStatus = createLiveStatus(say)
const api = createApi({ onSignedOut })
const shell = createShell(liveStatus, () => void signOut())
const signIn = createSignIn(api, onSignedIn)
const context: Console = { api, say, go, liveStatus, signedOut: onSignedOut }

let view: View | null = null
let isSignedIn = false
/** Whether there is something behind the sign-in to come back to. */
let hadSession = false
let shownHash = ''
/** Where the operator was when the session ended. */
let left: { readonly focused: Element | null; readonly scrollY: number } | null = null

function go(route: Route): void {
  location.hash = hashOf(route)
}

/** @param byOperator they came here now, so that the focus follows; on loading the page it stays where it is. */
function showRoute(byOperator: boolean): void {
  if (!isSignedIn) return
  shownHash = location.hash
  const route = routeOf(shownHash)
  view?.stop()
  liveStatus.end()
  view = openView(route, context)
  shell.setRoute(route)
  setChildren(shell.main, view.element)
  document.title = `${view.title} · ${texts.console}`
  if (!byOperator) return
  scrollTo(0, 0)
  view.element.querySelector('h1')?.focus()
}

function onSignedIn(session: OperatorSession): void {
  isSignedIn = true
  hadSession = true
  shell.setOperator(session.operator)
  setChildren(document.body, shell.top, shell.main, shell.foot, said)
  if (view === null || shownHash !== location.hash) return showRoute(left !== null)
  say(texts.signIn.done)
  view.resume()
  scrollTo(0, left?.scrollY ?? 0)
  if (left?.focused instanceof HTMLElement) left.focused.focus()
}

/** The session has ended: what is shown stays as it is behind the sign-in, a half-written form too. */
function onSignedOut(): void {
  // Several calls may find it at once.
  if (!isSignedIn) return
  left = { focused: document.activeElement, scrollY }
  isSignedIn = false
  for (const dialog of document.querySelectorAll('dialog')) dialog.close()
  showSignIn(null)
}

function showSignIn(failure: Failure | null): void {
  setChildren(document.body, signIn.element, said)
  document.title = `${texts.signIn.title} · ${texts.console}`
  signIn.show(hadSession, failure)
}

async function signOut(): Promise<void> {
  // First what is under way: an answer to it might bring a new cookie.
  view?.stop()
  const answer = await api.signOut()
  if (!answer.ok) {
    say(texts.signIn.stillIn(failureText(answer.error)))
    return showRoute(false)
  }
  view = null
  hadSession = false
  onSignedOut()
  say(texts.signIn.signedOut)
}

async function start(): Promise<void> {
  const session = await api.session()
  if (session.ok) return onSignedIn(session.value)
  showSignIn(isNobody(session.error) ? null : session.error)
}

addEventListener('hashchange', () => showRoute(true))
void start()
