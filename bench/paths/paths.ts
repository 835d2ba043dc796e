/** Every path, in the order of the report. */
import type { BenchPath } from '../world.ts'
import { cronPath } from './cron.ts'
import { dropsPath } from './drops.ts'
import { frames1000Path, frames5000Path, tickStreamsPath } from './frames.ts'
import { promotePath, promoteRatePath } from './promote.ts'
import { peerPath } from './peer.ts'
import { purchasePath } from './purchase.ts'
import { redeemPath } from './redeem.ts'
import { joinPath, pollPath } from './requests.ts'
import { restartPath } from './restart.ts'
import { tickPath } from './tick.ts'

export const PATHS: readonly BenchPath[] = [
  joinPath,
  pollPath,
  frames1000Path,
  frames5000Path,
  tickPath,
  tickStreamsPath,
  promotePath,
  promoteRatePath,
  redeemPath,
  purchasePath,
  dropsPath,
  restartPath,
  cronPath,
  peerPath,
]
