import { expect, it } from 'vitest'
import { KeptMaps } from '../../../src/purchase/kept-maps.ts'

/** An office whose map changes when it is told to; records how much it has sent. */
class Office {
  version = 1
  sent = 0

  ask = async (knownVersion: number | null) => {
    if (knownVersion === this.version) return { version: this.version, seats: null }
    this.sent += 1
    return { version: this.version, seats: `[${this.version}]` }
  }
}

it('a map travels once for each version, and everybody gets the present one', async () => {
  const [maps, office] = [new KeptMaps(), new Office()]
  for (let time = 0; time < 3; time += 1)
    expect(await maps.map('gig', null, office.ask)).toEqual({ version: 1, seats: '[1]' })
  expect(office.sent).toBe(1)
  office.version = 2
  expect(await maps.map('gig', null, office.ask)).toEqual({ version: 2, seats: '[2]' })
  expect(await maps.map('gig', 1, office.ask)).toEqual({ version: 2, seats: '[2]' })
  expect(office.sent).toBe(2)
})

it('who has the present version gets none, whatever this isolate has', async () => {
  const [maps, office] = [new KeptMaps(), new Office()]
  expect(await maps.map('gig', 1, office.ask)).toEqual({ version: 1, seats: null })
  expect(office.sent).toBe(0)
  await maps.map('gig', null, office.ask)
  office.version = 2
  expect(await maps.map('gig', 2, office.ask)).toEqual({ version: 2, seats: null })
  expect(await maps.map('gig', null, office.ask)).toEqual({ version: 2, seats: '[2]' })
})

it('an answer that was overtaken is still a whole one', async () => {
  const [maps, office] = [new KeptMaps(), new Office()]
  await maps.map('gig', null, office.ask)
  const slow = maps.map('gig', null, async (known) => {
    const answer = await office.ask(known)
    office.version = 2
    await maps.map('gig', null, office.ask)
    return answer
  })
  expect(await slow).toEqual({ version: 1, seats: '[1]' })
})

it('only the maps of a few events are kept', async () => {
  const [maps, office] = [new KeptMaps(), new Office()]
  for (let event = 0; event < 10; event += 1) await maps.map(`gig-${event}`, null, office.ask)
  expect(office.sent).toBe(10)
  await maps.map('gig-9', null, office.ask)
  expect(office.sent).toBe(10)
  await maps.map('gig-0', null, office.ask)
  expect(office.sent).toBe(11)
})
