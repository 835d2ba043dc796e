/** The scripts of lua/drops as they are sent. */
import { createHash } from 'node:crypto'
import changeDrop from '../../../lua/drops/change_drop.lua'
import claimCodes from '../../../lua/drops/claim_codes.lua'
import confirmClaims from '../../../lua/drops/confirm_claims.lua'
import findClaim from '../../../lua/drops/find_claim.lua'
import freezeDrop from '../../../lua/drops/freeze_drop.lua'
import dropLibrary from '../../../lua/drops/lib/drop.lua'
import loadDrop from '../../../lua/drops/load_drop.lua'
import openDrop from '../../../lua/drops/open_drop.lua'
import postponeClaims from '../../../lua/drops/postpone_claims.lua'
import readClaims from '../../../lua/drops/read_claims.lua'
import takeOutbox from '../../../lua/drops/take_outbox.lua'
import { expandIncludes } from '../../redis/scripts.ts'

const LIBRARIES = new Map([['drops/lib/drop.lua', dropLibrary]])

export const DROP_SCRIPTS = {
  change_drop: scriptOf(changeDrop),
  claim_codes: scriptOf(claimCodes),
  confirm_claims: scriptOf(confirmClaims),
  find_claim: scriptOf(findClaim),
  freeze_drop: scriptOf(freezeDrop),
  load_drop: scriptOf(loadDrop),
  open_drop: scriptOf(openDrop),
  postpone_claims: scriptOf(postponeClaims),
  read_claims: scriptOf(readClaims),
  take_outbox: scriptOf(takeOutbox),
} as const

export type DropScriptName = keyof typeof DROP_SCRIPTS

/** `sha1`: by which Redis knows a script that it has been sent before. */
export type DropScript = { readonly text: string; readonly sha1: string }

function scriptOf(source: string): DropScript {
  const text = expandIncludes(source, LIBRARIES)
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}
