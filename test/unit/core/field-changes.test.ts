import { describe, expect, it } from 'vitest'
import { changedFields } from '../../../src/core/field-changes.ts'

describe('what a change did', () => {
  it('is every field that differs, with what it was and what it is', () => {
    const before = { name: 'a', capacity: 1, poolId: null, public: true }
    const after = { name: 'a', capacity: 2, poolId: 'hall', public: false }
    expect(changedFields(before, after)).toEqual([
      { field: 'capacity', before: 1, after: 2 },
      { field: 'poolId', before: null, after: 'hall' },
      { field: 'public', before: true, after: false },
    ])
    expect(changedFields(after, after)).toEqual([])
  })

  it('of something new is all that it has', () => {
    expect(changedFields(null, { name: 'a', poolId: null })).toEqual([
      { field: 'name', before: null, after: 'a' },
    ])
  })

  it('shows what is no plain value as JSON, and of a long text enough to know it by', () => {
    const long = `${'x'.repeat(499)}\u{1f600}`
    const [colours, text] = changedFields(
      { colours: ['red'], text: '' },
      { colours: ['red', 'blue'], text: long },
    )
    expect(colours).toEqual({ field: 'colours', before: '["red"]', after: '["red","blue"]' })
    expect(text?.after).toBe(`${'x'.repeat(499)}\ufffd…`)
    expect(changedFields({ text: `${long}a` }, { text: `${long}b` })).toHaveLength(1)
  })
})
