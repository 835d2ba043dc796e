import { expect, it } from 'vitest'
import { isFinal, offeredActs } from '../../../src/pages/admin/model/actions.ts'
import { texts } from '../../../src/pages/admin/texts.ts'

it.each([
  ['scheduled', ['open', 'sold-out', 'close']],
  ['open', ['pause', 'sold-out', 'close']],
  ['paused', ['resume', 'sold-out', 'close']],
  ['sold_out', ['open', 'close']],
  ['closed', ['open', 'delete']],
] as const)('an event that is %s is offered what changes it, and nothing else', (status, acts) => {
  expect(offeredActs(status)).toEqual(acts)
})

it('what ends the wait of people, or the event, is asked for with a warning', () => {
  expect(['open', 'pause', 'resume'].map((act) => isFinal(act as 'open'))).toEqual([false, false, false])
  expect(['sold-out', 'close', 'delete'].map((act) => isFinal(act as 'close'))).toEqual([true, true, true])
})

it('every confirmation says for how many people', () => {
  const { 'sold-out': soldOut, pause } = texts.event.acts
  const stakes = { name: 'The gala', waiting: 12_345, inside: 1 }
  expect(soldOut.means(stakes)).toBe(
    '12,345 people waiting are told that it is sold out and lose their place for good, and nobody can join any more. The 1 inside may finish.',
  )
  expect(soldOut.means({ ...stakes, waiting: 1 })).toMatch(
    /^1 person waiting is told .* and loses the place for good/,
  )
  expect(soldOut.means({ ...stakes, waiting: 0 })).toMatch(
    /^Nobody is waiting, and nobody can join any more\./,
  )
  expect(pause.means({ ...stakes, inside: 0 })).toMatch(
    /^Nobody is admitted until you resume\..*Nobody is inside\.$/,
  )
})
