import { describe, expect, it } from 'vitest'
import { assert } from '../../../src/core/assert.ts'
import type { PoolChange } from '../../../src/ports/pool-gate.ts'
import { copyPool, versionAfter, type PoolHash } from '../../sim/pool-state.ts'
import { T0 } from '../core/fixtures.ts'
import { POOL, PoolWorld } from './pool-world.ts'

/** Runs the call, and answers the version that it has made. */
function run(world: PoolWorld, call: PoolChange): number {
  const reply = world.model.release({ ...call, admissionIds: [] })
  assert(reply.kind === 'done', 'the pool knows the generation of the call')
  return reply.view.version
}

function hashOf(world: PoolWorld): PoolHash {
  const { hash } = world.model.pool(POOL)
  assert(hash !== null, 'the pool is open')
  return hash
}

describe('the versions that a line asks for', () => {
  it.each([
    ['stands still', 0],
    ['goes on', 1],
    ['has jumped back', -60_000],
  ])(
    'INV-1: a loss is found although a call that was given up ran late, where the clock %s',
    async (_, ms) => {
      const world = await PoolWorld.open()
      const late = world.calls.turn(world.line, world.nowMs).next(POOL)
      world.nowMs += ms
      const turn = world.calls.turn(world.line, world.nowMs)
      const kept = run(world, turn.next(POOL))
      const older = copyPool(world.model.pool(POOL))
      world.told({ ...hashOf(world), version: run(world, turn.next(POOL)) })
      // The store comes back without the last call; then it runs the one that the line gave up first.
      world.model.pools.set(POOL, older)
      expect(run(world, late)).toBeGreaterThan(kept)
      world.nowMs += ms
      const next = world.calls.turn(world.line, world.nowMs).next(POOL)
      expect(world.model.release({ ...next, admissionIds: [] })).toEqual({ kind: 'lost' })
    },
  )

  it('are never one that a late call makes of another', async () => {
    const world = await PoolWorld.open()
    const hash = hashOf(world)
    const asked: PoolChange[] = []
    for (const ms of [0, 0, 1, 7, -5_000, 0, 60_000]) {
      world.nowMs += ms
      const turn = world.calls.turn(world.line, world.nowMs)
      // As many as a turn has: debts of each kind, a redemption for each admission, a batch.
      for (let call = 0; call < 100; call += 1) asked.push(turn.next(POOL))
    }
    const versions = new Set(asked.map(({ nextVersion }) => nextVersion))
    expect(versions.size).toBe(asked.length)
    // Whatever the store has kept, each call that was overtaken by it makes a number of its own.
    const made = asked.flatMap(({ nextVersion: kept }, index) =>
      asked.slice(0, index).map((late) => {
        const versionsKept = new Map([[late.eventId, kept]])
        return versionAfter({ ...hash, versions: versionsKept }, late)
      }),
    )
    expect(made.filter((version) => versions.has(version))).toEqual([])
  })

  it('stay above those of the lives before, whose last nobody knows', async () => {
    const world = await PoolWorld.open()
    const told = { epoch: 1, version: 0 }
    const before = world.calls.nextVersion(POOL, told, T0)
    expect(new PoolWorld().calls.nextVersion(POOL, told, T0 + 1_000)).toBeGreaterThan(before)
  })
})
