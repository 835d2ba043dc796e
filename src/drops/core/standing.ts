/** How a drop stands at a moment. */
import type { EpochMs } from '../../core/time.ts'
import type { DropStatus } from '../../core/drop-news.ts'
import type { ClaimCounts, DropWindow } from './records.ts'

/** Where a moment lies: claims are taken within the window only. */
export function windowAt(
  { opensAtMs, closesAtMs }: DropWindow,
  nowMs: EpochMs,
): 'before' | 'within' | 'after' {
  if (closesAtMs !== null && nowMs >= closesAtMs) return 'after'
  return opensAtMs !== null && nowMs < opensAtMs ? 'before' : 'within'
}

export function statusAt(window: DropWindow, remaining: number, nowMs: EpochMs): DropStatus {
  switch (windowAt(window, nowMs)) {
    case 'before':
      return 'scheduled'
    case 'after':
      return 'closed'
    case 'within':
      return remaining > 0 ? 'open' : 'sold_out'
  }
}

/** The next moment at which the window opens or closes; null when neither is ahead. */
export function nextEdgeMs({ opensAtMs, closesAtMs }: DropWindow, nowMs: EpochMs): EpochMs | null {
  const ahead = [opensAtMs, closesAtMs].filter((atMs) => atMs !== null && atMs > nowMs)
  return ahead.length === 0 ? null : Math.min(...ahead.map(Number))
}

/** INV-11, as far as numbers can say it. */
export function addsUp({ stock, issued, pending, failed, remaining }: ClaimCounts): boolean {
  const counts = [issued, pending, failed, remaining]
  return stock === issued + pending + remaining && failed <= pending && counts.every((count) => count >= 0)
}
