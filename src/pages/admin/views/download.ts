/** Links to files that the session opens. */
import type { Console } from '../console.ts'
import { h } from '../dom/element.ts'
import { failureText, isSignedOut } from '../model/failure.ts'

/** A link that asks first whether the session still is: what follows a link cannot say that it is over. */
export function download(
  text: string,
  path: string,
  { api, say, signedOut }: Pick<Console, 'api' | 'say' | 'signedOut'>,
): HTMLAnchorElement {
  const link = h('a', { href: path, download: true }, text)
  let isChecked = false
  const follow = async (): Promise<void> => {
    const session = await api.session()
    if (!session.ok) return isSignedOut(session.error) ? signedOut() : say(failureText(session.error))
    isChecked = true
    link.click()
    isChecked = false
  }
  link.addEventListener('click', (event) => {
    if (isChecked) return
    event.preventDefault()
    void follow()
  })
  return link
}
