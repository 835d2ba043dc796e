import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { frameOf, sampleLine } from '../../../src/cli/watch/frame.ts'
import type { View } from '../../../src/cli/watch/frame.ts'
import { sampleOf } from '../../../src/cli/watch/sample.ts'
import type { Sample } from '../../../src/cli/watch/sample.ts'
import { Screen } from '../../../src/cli/watch/screen.ts'
import type { Event } from '../../../src/cli/server/wire.ts'
import { displayWidth } from '../../../src/cli/text/width.ts'

const EVENT: Event = {
  eventId: 'sale',
  name: 'Spring sale',
  status: 'open',
  holding: false,
  capacity: 50,
  admitPerMinute: null,
  waiting: 340,
  present: 338,
  admitted: 48,
  streams: 331,
  joinedTotal: 1_000,
  admittedTotal: 560,
}
const AT_MS = Date.parse('2026-03-01T10:00:00Z')

function samples(...changes: readonly Partial<Event>[]): Sample[] {
  const taken: Sample[] = []
  for (const [index, change] of changes.entries()) {
    const atMs = AT_MS + index * 2_000
    taken.push(sampleOf({ ...EVENT, ...change }, { low: 20, high: 45 }, atMs, taken.at(-1) ?? null))
  }
  return taken
}

describe('a sample', () => {
  it('has the rates since the one before, by the time that has passed', () => {
    const [first, second] = samples({}, { joinedTotal: 1_009, admittedTotal: 561 })
    expect(first).toMatchObject({ joinedPerSecond: null, admittedPerSecond: null })
    expect(second).toMatchObject({ joinedPerSecond: 4.5, admittedPerSecond: 0.5 })
  })

  it('has no rates when a total fell: the event is another one by the same name', () => {
    expect(samples({}, { joinedTotal: 3, admittedTotal: 600 })[1]).toMatchObject({
      joinedPerSecond: null,
      admittedPerSecond: 20,
    })
  })

  it('is one line for a pipe', () => {
    expect(sampleLine(samples({}, { joinedTotal: 1_009 })[1] ?? failed())).toBe(
      '2026-03-01T10:00:02Z  open  waiting 340  present 338  inside 48 of 50  joined/s 4.5  admitted/s 0.0  ' +
        'wait 20 s to 45 s  streams 331',
    )
  })
})

describe('the picture', () => {
  const view = (changes: Partial<View> = {}): View => ({
    samples: samples({}, { joinedTotal: 1_009, admittedTotal: 568 }),
    trouble: null,
    columns: 60,
    rows: 24,
    paint: (_style, text) => text,
    ...changes,
  })

  it('shows who waits, who is inside, how fast it moves', () => {
    expect(frameOf(view())).toEqual([
      '10:00:02 UTC  sale  Spring sale',
      'open',
      '',
      'waiting     340, of them present 338',
      'inside      ████████████████████████████████████░░  48 of 50',
      'admitted/s  4.0     █',
      'joined/s    4.5     █',
      'wait        20 s to 45 s',
      'streams     331',
      'in total    1,009 joined, 568 admitted',
      '',
      'q quits',
    ])
  })

  it('says so when admissions are held, and why nothing new comes', () => {
    expect(frameOf(view({ samples: samples({ holding: true }) }))[1]).toMatch(/^open, holding: Redis is away/)
    expect(frameOf(view({ trouble: 'no answer' }))[1]).toBe('no answer')
  })

  it('fits every terminal, whatever the name', () => {
    const long = samples({ name: '봄'.repeat(60), waiting: 999_999_999 })
    for (const columns of [1, 5, 12, 20, 33, 80, 200]) {
      for (const rows of [1, 3, 12, 50]) {
        const lines = frameOf(view({ samples: long, columns, rows }))
        expect(lines.length).toBeLessThanOrEqual(rows)
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns)
      }
    }
  })

  it('is empty before the first sample', () => {
    expect(frameOf(view({ samples: [] }))).toEqual([])
  })

  it('cannot be steered by a name', () => {
    expect(frameOf(view({ samples: samples({ name: 'x\u001B[2J' }) })).join()).not.toContain('\u001B')
  })
})

class FakeTerminal extends EventEmitter {
  columns = 80
  rows = 10
  written = ''
  isRaw = false
  isPaused = true
  write(text: string): boolean {
    this.written += text
    return true
  }
  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw
    return this
  }
  resume(): this {
    this.isPaused = false
    return this
  }
  pause(): this {
    this.isPaused = true
    return this
  }
}

describe('the terminal', () => {
  function opened() {
    const terminal = new FakeTerminal()
    const told: string[] = []
    const screen = new Screen(terminal as never, terminal as never, {
      quit: () => told.push('quit'),
      resize: () => told.push('resize'),
    })
    screen.open()
    return { terminal, told, screen }
  }

  it.each(['q', 'Q', '\u0003', 'abcq'])('%j ends it, other keys do not', (key) => {
    const { terminal, told } = opened()
    terminal.emit('data', Buffer.from('x'))
    expect(told).toEqual([])
    terminal.emit('data', Buffer.from(key))
    expect(told).toEqual(['quit'])
  })

  it('is drawn anew when its size changes', () => {
    const { terminal, told } = opened()
    terminal.emit('resize')
    expect(told).toEqual(['resize'])
  })

  it('is given back as it was: main screen, cursor, wrapping, line mode, nobody listening', () => {
    const { terminal, screen } = opened()
    screen.draw(['a'])
    terminal.written = ''
    screen.close()
    for (const mode of ['?1049l', '?25h', '?7h']) expect(terminal.written).toContain(`\u001B[${mode}`)
    expect(terminal).toMatchObject({ isRaw: false, isPaused: true })
    expect(terminal.listenerCount('data') + terminal.listenerCount('resize')).toBe(0)
  })

  it('is not written to once it is given back', () => {
    const { terminal, screen } = opened()
    screen.close()
    terminal.written = ''
    screen.close()
    screen.draw(['late'])
    expect(terminal.written).toBe('')
  })
})

function failed(): never {
  throw new Error('no such sample')
}
