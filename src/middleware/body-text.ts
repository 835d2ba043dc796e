/** A ticket has some 600 characters, and an address at most 2,000. */
export const BODY_BYTES_MAX = 16 * 1024
/** A phone on a bad network; beyond it, somebody holds a connection open. */
const BODY_TIMEOUT_MS = 10_000

/** The body as text; null when it is larger, slower or more broken than a form of the waiting room. */
export async function bodyText(request: Request): Promise<string | null> {
  if (request.body === null) return ''
  const reader = request.body.getReader()
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), BODY_TIMEOUT_MS)
  const decoder = new TextDecoder()
  let text = ''
  let sizeBytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      sizeBytes += value.byteLength
      if (sizeBytes > BODY_BYTES_MAX) {
        await reader.cancel()
        return null
      }
      text += decoder.decode(value, { stream: true })
    }
  } catch {
    // The sender has gone.
    return null
  } finally {
    clearTimeout(timer)
  }
}
