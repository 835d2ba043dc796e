/** Promises that were seen broken. The first ones are kept in words, all of them are counted. */

export type Rule =
  | 'lost place'
  | 'number given twice'
  | 'position grew'
  | 'out of order'
  | 'overtaken'
  | 'token changed'
  | 'two sessions'
  | 'two admissions'
  | 'over capacity'
  | 'slot leaked'
  | 'not recovered'
  | 'silence'
  | 'wrong answer'

const KEPT_MAX = 100

export class Violations {
  readonly lines: string[] = []
  count = 0

  readonly report = (rule: Rule, detail: string): void => {
    this.count += 1
    if (this.lines.length < KEPT_MAX) this.lines.push(`${new Date().toISOString()} ${rule}: ${detail}`)
  }
}
