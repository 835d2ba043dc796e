import { describe, expect, it } from 'vitest'
import { SseParser } from '../../../../src/cli/load/sse-parser.ts'

const STREAM =
  ': hello\r\nretry: 1500\rid: 7\nevent: position\ndata: {"a":\ndata: 1}\n\ndata:second\n\nevent: lost\n\n'

describe('SseParser', () => {
  it('reads the same messages however the text is cut', () => {
    const expected = [
      { event: 'position', data: '{"a":\n1}' },
      { event: 'message', data: 'second' },
    ]
    for (let size = 1; size <= STREAM.length; size += 1) {
      const parser = new SseParser()
      const messages = pieces(STREAM, size).flatMap((piece) => parser.push(piece))
      expect(messages, `pieces of ${size}`).toEqual(expected)
      expect(parser.lastEventId).toBe('7')
      expect(parser.retryMs).toBe(1_500)
    }
  })

  it('a CRLF that is cut in two ends one line, not two', () => {
    const parser = new SseParser()
    expect([...parser.push('data: a\r'), ...parser.push('\ndata: b\r'), ...parser.push('\n\r\n')]).toEqual([
      { event: 'message', data: 'a\nb' },
    ])
  })

  it('skips a byte order mark, unknown fields, and a retry that is no number', () => {
    const parser = new SseParser()
    expect(parser.push('\uFEFFdata: a\nfoo: b\nretry: soon\n\n')).toEqual([{ event: 'message', data: 'a' }])
    expect(parser.retryMs).toBeNull()
  })

  it('an unfinished message is not a message', () => {
    expect(new SseParser().push('event: end\ndata: {}\n')).toEqual([])
  })

  it('a line without end is refused instead of filling the memory', () => {
    const parser = new SseParser()
    expect(() => parser.push('data: '.padEnd(70_000, 'x'))).toThrow('without end')
  })
})

function pieces(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  )
}
