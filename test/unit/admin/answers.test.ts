/** The console's idea of the answers and the server's are one: the types are held together when they are checked. */
import { expect, expectTypeOf, it } from 'vitest'
import { AUDIT_ACTIONS, AUDIT_OUTCOMES, OPERATOR_KINDS } from '../../../src/ports/audit.ts'
import type { AuditPage as ServedAuditPage } from '../../../src/ports/audit.ts'
import type { SeriesView, VisitorHistory as ServedHistory } from '../../../src/ports/line-console.ts'
import type { PoolConfig } from '../../../src/ports/registry.ts'
import type { AuditPage, Pool, Series, VisitorHistory } from '../../../src/pages/admin/model/answers.ts'
import { texts } from '../../../src/pages/admin/texts.ts'

it('the console can read all that is served', () => {
  // Held by the type check: at run time nothing is left of a type.
  expectTypeOf<ServedAuditPage>().toExtend<AuditPage>()
  expectTypeOf<SeriesView>().toExtend<Series>()
  expectTypeOf<ServedHistory>().toExtend<VisitorHistory>()
  expectTypeOf<PoolConfig>().toExtend<Pool>()
})

it('the console has words for every action, outcome and kind of operator of the audit log', () => {
  expect(Object.keys(texts.audit.actions).toSorted()).toEqual([...AUDIT_ACTIONS].toSorted())
  expect(Object.keys(texts.audit.outcomes).toSorted()).toEqual([...AUDIT_OUTCOMES].toSorted())
  expect(Object.keys(texts.audit.by).toSorted()).toEqual([...OPERATOR_KINDS].toSorted())
})
