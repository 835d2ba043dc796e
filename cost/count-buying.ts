/** The runs of the purchase service and of the news that a shop hears. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { LOOPBACK } from '../dev/ports.ts'
import type { Settings } from '../dev/settings.ts'
import { forEach, oneByOne, type CountClient } from './count-client.ts'
import { GRACE_SECONDS, SETTLE_MS, times, type CountSteps, type Shopper } from './count-steps.ts'

const SOME = 100
const SCRAPES = 20
const MAPS = 100
const PRICE = 4_500
/** After the last: the queue waits for a batch to fill, and the shop is told. */
const QUEUE_SETTLE_MS = 5_000
const OFFICE_SETTLE_MS = 10_000

/** Holding and paying, each way, in a full event whose next visitor is admitted by each sale. */
export async function buyingRun(steps: CountSteps): Promise<void> {
  await steps.warmUp()
  await walletsWarm(steps)
  const { client } = steps
  const { eventId, inside } = await fullSale(steps)
  await steps.count('charge', 'wallet charged', SOME, () =>
    oneByOne(inside, ({ token }) => client.charge(token, PRICE)),
  )
  await steps.count('seatMap', `map of ${SOME} seats loaded`, MAPS, () =>
    forEach(times(MAPS), () => client.seatMap(eventId)),
  )
  const reservations = await hold(steps, eventId, inside)
  await othersWait(steps, eventId, SOME)
  await steps.count('payByWallet', 'seat paid by wallet, and the next visitor admitted', SOME, () =>
    oneByOne(reservations, ([shopper, reservationId]) =>
      client.pay(eventId, shopper, reservationId, 'wallet'),
    ),
  )
  // What an office did last it may write by its alarm.
  await sleep(OFFICE_SETTLE_MS)
  await steps.count('scrape', 'scrape of the metrics of one event that sells seats', SCRAPES, () =>
    oneByOne(times(SCRAPES), () => client.scrape()),
  )
  await steps.close(eventId)
  await paidAtProvider(steps)
}

/** What is one word more for the shop: the end of an admission, and of one that ends with a sale. */
export async function toldRun(steps: CountSteps): Promise<void> {
  await steps.warmUp()
  await walletsWarm(steps)
  const { client } = steps
  const { eventId, inside } = await fullSale(steps)
  const [buyers, others] = [inside.slice(0, SOME / 2), inside.slice(SOME / 2)]
  for (const { token } of buyers) await client.charge(token, PRICE)
  const reservations = await held(client, eventId, buyers)
  await othersWait(steps, eventId, buyers.length)
  await steps.count(
    'payByWalletTold',
    'seat paid by wallet, the next visitor admitted, and the shop told of both',
    buyers.length,
    async () => {
      await oneByOne(reservations, ([shopper, reservationId]) =>
        client.pay(eventId, shopper, reservationId, 'wallet'),
      )
      await sleep(QUEUE_SETTLE_MS)
    },
  )
  await othersWait(steps, eventId, others.length)
  await steps.count(
    'turnoverTold',
    'admission released, the next visitor admitted, and the shop told',
    others.length,
    async () => {
      await oneByOne(others, ({ admissionId }) =>
        client.shop(`${admissionId}/release`, { outcome: 'completed' }),
      )
      await sleep(QUEUE_SETTLE_MS)
    },
  )
  await steps.close(eventId)
}

/** A shop that takes every word, and the settings that have it told. */
export async function listeningShop(): Promise<{ settings: Settings; stop: () => void }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200).end())
  })
  await new Promise<void>((resolve) => void server.listen(0, LOOPBACK, resolve))
  const { port } = server.address() as AddressInfo
  const settings = {
    SHOP_WEBHOOK_URL: `http://${LOOPBACK}:${port}/told`,
    SHOP_WEBHOOK_SECRETS: 'a secret of the shop that listens',
  }
  return { settings, stop: () => void server.close() }
}

async function paidAtProvider(steps: CountSteps): Promise<void> {
  const { client } = steps
  const { eventId, inside } = await fullSale(steps)
  const reservations = await held(client, eventId, inside)
  await othersWait(steps, eventId, SOME)
  await steps.count('payByProvider', 'seat paid at a provider, and the next visitor admitted', SOME, () =>
    oneByOne(reservations, async ([shopper, reservationId]) => {
      const { text } = await client.pay(eventId, shopper, reservationId, 'provider')
      await payOnThePage((JSON.parse(text) as { checkoutUrl: string }).checkoutUrl)
    }),
  )
  const { text: map } = await client.seatMap(eventId)
  const sold = map.match(/"state":"sold"/g)?.length ?? 0
  if (sold !== SOME) throw new Error(`${sold} of ${SOME} seats were sold`)
  await steps.close(eventId)
}

/** What the visitor's browser does: the provider's page, and the way back. */
async function payOnThePage(checkoutUrl: string): Promise<void> {
  const paid = await fetch(`${checkoutUrl}/pay`, { method: 'POST', redirect: 'manual' })
  const back = await fetch(paid.headers.get('Location') ?? '', { redirect: 'manual' })
  if (back.status !== 303) throw new Error(`the way back answered ${back.status}`)
}

/** The first call of each shard makes its tables. */
async function walletsWarm(steps: CountSteps): Promise<void> {
  const tokens = await steps.visitors(4 * SOME)
  await forEach(tokens, (token) => steps.client.charge(token, PRICE))
}

type FullSale = { readonly eventId: string; readonly inside: readonly Shopper[] }

/** As many inside as there are seats. */
async function fullSale(steps: CountSteps): Promise<FullSale> {
  const { client } = steps
  const eventId = await client.event({ capacity: SOME, disconnectGraceSeconds: GRACE_SECONDS })
  const sections = [{ name: 'A', rows: 1, seatsPerRow: SOME, price: PRICE }]
  await client.operator('PUT', `${eventId}/seats`, { sections })
  const inside = await steps.inside(eventId, SOME)
  await sleep(SETTLE_MS)
  return { eventId, inside }
}

/** Only when the next step begins: whoever does not poll is marked as absent after 10 s, and is not admitted. */
async function othersWait(steps: CountSteps, eventId: string, count: number): Promise<void> {
  const tokens = await steps.visitors(count)
  await forEach(tokens, (token) => steps.client.join(eventId, token))
  await sleep(SETTLE_MS)
}

type Reserved = readonly [shopper: Shopper, reservationId: string]

async function hold(steps: CountSteps, eventId: string, inside: readonly Shopper[]): Promise<Reserved[]> {
  let reservations: Reserved[] = []
  await steps.count('hold', 'seat held with a fresh entry token', inside.length, async () => {
    reservations = await held(steps.client, eventId, inside)
  })
  return reservations
}

async function held(client: CountClient, eventId: string, inside: readonly Shopper[]): Promise<Reserved[]> {
  const reservations: Reserved[] = []
  await oneByOne([...inside.entries()], async ([index, shopper]) => {
    reservations.push([shopper, await client.hold(eventId, shopper, `A-1-${index + 1}`)])
  })
  return reservations
}
