/** Reads the header of a script and what its code does, to compare them. */
import { expect } from 'vitest'

/** The numbers that the pattern captures, each once, in their order. */
export const indices = (text: string, pattern: RegExp) =>
  [...new Set([...text.matchAll(pattern)].map((match) => Number(match[1])))].toSorted((a, b) => a - b)

export type Parts = { readonly shebang: string; readonly header: string; readonly code: string }

export function partsOf(script: string): Parts {
  const match = /^(#![^\n]*)\n--\[\[(.*?)\]\]\n(.*)$/s.exec(script)
  return { shebang: match?.[1] ?? '', header: match?.[2] ?? '', code: match?.[3] ?? '' }
}

/** Tags between quotes after a brace: how both headers and code spell the first element of a reply. */
export function declaredTags(header: string): string[] {
  const returns = /Returns:(.*?)\n {2}Cost:/s.exec(header)?.[1] ?? ''
  return [...returns.matchAll(/\{"(\w+)"/g)].map((match) => match[1] ?? '').toSorted()
}

export function usedTags(code: string): string[] {
  const tags = [...code.matchAll(/return (?:reply\(|\{ )'(\w+)'|= reply\('(\w+)'/g)]
  return [...new Set(tags.map((match) => match[1] ?? match[2] ?? ''))].toSorted()
}

/** What is guaranteed, what a repetition does, what comes in and out and what it costs, in this order. */
export function expectCompleteHeader(header: string): void {
  const order = ['Guarantees:', 'Idempotent:', 'KEYS[1]', 'ARGV[1]', 'Returns:', 'Cost:'].map((part) =>
    header.indexOf(part),
  )
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  expect(order).not.toContain(-1)
  expect(header).toMatch(/Guarantees: INV-\d/)
}
