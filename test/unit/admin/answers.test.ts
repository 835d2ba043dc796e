/** The console has a word for whatever the server may say. */
import { expect, it } from 'vitest'
import { AUDIT_ACTIONS, AUDIT_OUTCOMES, OPERATOR_KINDS } from '../../../src/ports/audit.ts'
import { texts } from '../../../src/pages/admin/texts.ts'

it('the console has words for every action, outcome and kind of operator of the audit log', () => {
  expect(Object.keys(texts.audit.actions).toSorted()).toEqual([...AUDIT_ACTIONS].toSorted())
  expect(Object.keys(texts.audit.outcomes).toSorted()).toEqual([...AUDIT_OUTCOMES].toSorted())
  expect(Object.keys(texts.audit.by).toSorted()).toEqual([...OPERATOR_KINDS].toSorted())
})
