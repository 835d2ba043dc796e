/**
 * The way of a line to the gate's scripts. What a line asks in one turn travels as one request and runs in its order, as
 * the client sends it; but for a script that the store has to be sent again, which runs after the others.
 */
import { StoreUnavailable, type PoolCall, type PoolGate } from '../../src/ports/pool-gate.ts'
import type { SimHost } from './host.ts'
import type { World } from './world.ts'

const TIMEOUT_MS = 2_000

type Question = { readonly happen: () => void; readonly answer: () => void; readonly giveUp: () => void }

class Way {
  readonly #world: World
  readonly #host: SimHost
  readonly #isAlive: () => boolean
  /** The request of this turn, which others may still join. */
  #request: { readonly turn: number; readonly questions: Question[] } | null = null

  constructor(world: World, host: SimHost, isAlive: () => boolean) {
    this.#world = world
    this.#host = host
    this.#isAlive = isAlive
  }

  ask<T extends object>(call: PoolCall, name: string, effect: () => T): Promise<T> {
    const world = this.#world
    return new Promise((resolve, reject) => {
      if (!this.#isAlive()) return
      let reply: T | null = null
      const happen = () => {
        world.remember(call.pool)
        reply = effect()
        const answer = JSON.stringify(reply)
        world.trace(() => `${this.#host.eventId} ${name} ${JSON.stringify(call)} -> ${answer}`)
      }
      const answer = () => {
        if (reply !== null) resolve(reply)
      }
      const giveUp = () => reject(new StoreUnavailable(`${name}: no answer`))
      this.#host.whenDurable(() => this.#send({ happen, answer, giveUp }))
    })
  }

  #send(question: Question): void {
    const world = this.#world
    const turn = world.scheduler.events
    if (world.strikes('gateResent')) return this.#go([question])
    if (this.#request?.turn === turn) {
      this.#request.questions.push(question)
      return
    }
    const request = { turn, questions: [question] }
    this.#request = request
    this.#go(request.questions)
  }

  /**
   * Refused: it never got there. Unanswered: it did, and the caller does not hear of it. Overtaken: the caller gives up,
   * and it gets there afterwards. The questions are looked at when they arrive, so that others may join them.
   */
  #go(questions: readonly Question[]): void {
    const world = this.#world
    const { random, scheduler } = world
    const happen = () => {
      for (const question of questions) question.happen()
    }
    const giveUp = () => {
      for (const question of questions) question.giveUp()
    }
    if (world.isGateAway || world.strikes('gateRefused')) {
      this.#host.later(random.chance(0.5) ? TIMEOUT_MS : 1 + world.delayMs('network'), giveUp)
    } else if (world.strikes('gateUnanswered')) {
      scheduler.after(1 + world.delayMs('network'), happen)
      this.#host.later(TIMEOUT_MS, giveUp)
    } else if (world.strikes('gateOvertaken')) {
      scheduler.after(random.between(TIMEOUT_MS, 12_000), happen)
      this.#host.later(TIMEOUT_MS, giveUp)
    } else {
      const { life } = this.#host
      scheduler.after(1 + world.delayMs('network'), () => {
        happen()
        // Nobody is left to hear it.
        if (life !== this.#host.life) return
        this.#host.later(world.delayMs('network'), () => {
          for (const question of questions) question.answer()
        })
      })
    }
  }
}

/** @param isAlive false when the life of the object that asks is over: its calls are never sent */
export function gateOf(world: World, host: SimHost, isAlive: () => boolean): PoolGate {
  const { scripts } = world
  const way = new Way(world, host, isAlive)
  return {
    reserve: (call) =>
      way.ask(call, 'reserve', () => {
        const reply = scripts.reserve(call)
        world.oracle.reserved(call, reply)
        return reply
      }),
    renew: (call) => way.ask(call, 'renew', () => scripts.renew(call)),
    release: (call) => way.ask(call, 'release', () => scripts.release(call)),
    redeem: (call) => way.ask(call, 'redeem', () => scripts.redeem(call)),
    check: (call) => way.ask(call, 'check', () => scripts.check(call)),
    reassert: (call) => way.ask(call, 'reassert', () => scripts.reassert(call)),
    ping: () => Promise.resolve(),
  }
}
