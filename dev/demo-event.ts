/** The event that a local run opens with, so that there is something to look at. */

const DEMO_EVENT = { name: 'Demo', capacity: 50 }

/** Creates the event `demo` unless there is one. What somebody made of it since is left alone. @throws Error */
export async function ensureDemoEvent(url: string, adminApiKey: string): Promise<void> {
  const resource = `${url}/api/v1/admin/events/demo`
  const headers = { authorization: `Bearer ${adminApiKey}`, 'content-type': 'application/json' }
  const found = await fetch(resource, { headers })
  await found.body?.cancel()
  if (found.ok) return
  if (found.status !== 404) throw new Error(`the event "demo" cannot be read: ${found.status}`)
  const created = await fetch(resource, { method: 'PUT', headers, body: JSON.stringify(DEMO_EVENT) })
  if (!created.ok)
    throw new Error(`the event "demo" cannot be created: ${created.status} ${await created.text()}`)
}
