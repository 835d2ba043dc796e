/** Whether a waiting visitor shows a sign of life (docs/states.md). */
import { texts } from '../texts.ts'
import type { HistoryPlace } from './answers.ts'
import { timeText } from './format.ts'

export function presenceText({
  streaming,
  absentSince,
}: Pick<HistoryPlace, 'streaming' | 'absentSince'>): string {
  if (streaming) return texts.lookUp.connected
  return absentSince === null ? texts.lookUp.polls : texts.lookUp.absent(timeText(Date.parse(absentSince)))
}
