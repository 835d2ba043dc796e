/** The Lua scripts as they are sent: each file of lua/ with its includes expanded, once, when the module loads. */
import checkTokens from '../../lua/check_tokens.lua'
import argumentsLibrary from '../../lua/lib/arguments.lua'
import chunksLibrary from '../../lua/lib/chunks.lua'
import configLibrary from '../../lua/lib/config.lua'
import generationLibrary from '../../lua/lib/generation.lua'
import rateLibrary from '../../lua/lib/rate.lua'
import reassertLeases from '../../lua/reassert_leases.lua'
import redeemToken from '../../lua/redeem_token.lua'
import releaseLeases from '../../lua/release_leases.lua'
import renewLeases from '../../lua/renew_leases.lua'
import reserveLeases from '../../lua/reserve_leases.lua'

const LIBRARIES = new Map([
  ['lib/arguments.lua', argumentsLibrary],
  ['lib/chunks.lua', chunksLibrary],
  ['lib/config.lua', configLibrary],
  ['lib/generation.lua', generationLibrary],
  ['lib/rate.lua', rateLibrary],
])

const INCLUDE = /^-- @include (\S+)$/gm

/**
 * Replaces each line `-- @include <name>` by the file of lua/ with that name. Throws on a name that does not exist.
 * @param own what only the caller's scripts include
 */
export function expandIncludes(script: string, own: ReadonlyMap<string, string> = new Map()): string {
  return script.replace(INCLUDE, (_line, name: string) => {
    const library = LIBRARIES.get(name) ?? own.get(name)
    if (library === undefined) throw new Error(`no such Lua library: ${name}`)
    return library.trimEnd()
  })
}

export const SCRIPTS = {
  check_tokens: expandIncludes(checkTokens),
  reassert_leases: expandIncludes(reassertLeases),
  redeem_token: expandIncludes(redeemToken),
  release_leases: expandIncludes(releaseLeases),
  renew_leases: expandIncludes(renewLeases),
  reserve_leases: expandIncludes(reserveLeases),
} as const

export type ScriptName = keyof typeof SCRIPTS
