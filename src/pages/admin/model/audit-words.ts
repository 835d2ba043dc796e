/** Entries of the audit log in words. */
import { texts } from '../texts.ts'
import type { AuditEntry } from './answers.ts'

const words = texts.audit

/** By what right, and from where. */
export function originText({ operator, address }: AuditEntry): string {
  return words.origin(words.by[operator.kind], address)
}

/** An action that a newer server knows is shown by its own name. */
export function actionText({ action, changes }: AuditEntry): string {
  const isNew = changes.length > 0 && changes.every(({ before }) => before === null)
  if (action === 'event.put' && isNew) return words.created
  const known: Readonly<Record<string, string>> = words.actions
  return known[action] ?? action
}

/** 'done', or that it was not and why. */
export function outcomeText({ outcome, problem }: AuditEntry): string {
  return problem === null ? words.outcomes[outcome] : `${words.outcomes[outcome]}: ${problem}`
}

/** 'capacity: 100 → 200', one for each field; of what was nothing before, only what it is. */
export function changeTexts({ changes }: AuditEntry): string[] {
  return changes.map(({ field, before, after }) =>
    before === null
      ? words.set(field, valueText(after))
      : words.change(field, valueText(before), valueText(after)),
  )
}

function valueText(value: unknown): string {
  if (value === null) return words.nothing
  return typeof value === 'string' ? value : JSON.stringify(value)
}
