/** Clients of streams in a process of their own: its sockets and its processor time are not those of the server. */
import { StreamClients, type StreamFigures } from './stream-clients.ts'

export type Order =
  | {
      readonly kind: 'open'
      readonly url: string
      readonly eventId: string
      readonly tokens: readonly string[]
    }
  | { readonly kind: 'begin' }
  | { readonly kind: 'figures' }
  | { readonly kind: 'reconnect'; readonly count: number }

export type Report =
  | { readonly kind: 'done' }
  | { readonly kind: 'figures'; readonly figures: StreamFigures }
  | { readonly kind: 'back'; readonly afterMs: readonly number[] }

let clients: StreamClients | null = null

async function follow(order: Order): Promise<Report> {
  if (order.kind === 'open') {
    clients = new StreamClients(order.url, order.eventId)
    await clients.open(order.tokens)
    return { kind: 'done' }
  }
  if (clients === null) throw new Error('nothing is open')
  if (order.kind === 'figures') return { kind: 'figures', figures: clients.figures() }
  if (order.kind === 'reconnect') return { kind: 'back', afterMs: await clients.reconnect(order.count) }
  clients.beginMeasure()
  return { kind: 'done' }
}

process.on('message', (order: Order) => {
  void follow(order).then((report) => process.send?.(report))
})
// Whoever ordered is gone, and with it what this was for.
process.on('disconnect', () => process.exit())
