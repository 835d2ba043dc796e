/**
 * Upstash's `#!lua flags=allow-key-locking` on engines that do not know it.
 *
 * With the flag, Upstash locks only the script's KEYS and refuses every other key. Stock engines reject the flag. The
 * scripts are therefore rewritten on their way: the flag goes, and a guard of one line comes in that refuses undeclared
 * keys with Upstash's error, so that such a mistake shows here and not in production. Line numbers stay as they are.
 */
import { createHash } from 'node:crypto'
import type { Command } from './resp.ts'
import type { Reply } from './resp-parser.ts'

const FLAG = 'allow-key-locking'
/** A run has a handful of scripts. Forgetting the oldest only costs an EVAL. */
const SCRIPTS_MAX = 1_000

/** The engine itself says which arguments of a command are keys; for a command without keys it answers an error. */
const GUARD = [
  'local redis = (function(redis)',
  'local declared = {} for _, key in ipairs(KEYS) do declared[key] = true end',
  'local function refusal(...)',
  "local keys = redis.pcall('COMMAND', 'GETKEYS', ...)",
  'if keys.err then return nil end',
  'for _, key in ipairs(keys) do if not declared[key] then',
  `return {err = "ERR Dynamic keys are not allowed in Lua scripts when '${FLAG}' flag is set. Key was: " .. key}`,
  'end end end',
  'return setmetatable({',
  'call = function(...) local err = refusal(...) if err then error(err) end return redis.call(...) end,',
  'pcall = function(...) local err = refusal(...) if err then return err end return redis.pcall(...) end',
  '}, {__index = redis}) end)(redis)',
].join(' ')

/** The script as a stock engine takes it; null when it does not carry the flag. */
export function withoutKeyLocking(script: string): string | null {
  const shebang = /^#!lua([^\n]*)(?:\n|$)/.exec(script)
  if (shebang === null) return null
  const body = script.slice(shebang[0].length)
  let hasFlag = false
  const settings = (shebang[1] ?? '').split(/\s+/).flatMap((setting) => {
    if (!setting.startsWith('flags=')) return setting === '' ? [] : [setting]
    const flags = setting.slice('flags='.length).split(',')
    hasFlag ||= flags.includes(FLAG)
    const others = flags.filter((flag) => flag !== FLAG && flag !== '')
    return others.length === 0 ? [] : [`flags=${others.join(',')}`]
  })
  if (!hasFlag) return null
  // A shebang that stays has to end its line; the guard then shares the next one.
  return settings.length === 0 ? `${GUARD}\n${body}` : `#!lua ${settings.join(' ')}\n${GUARD} ${body}`
}

/** Rewrites commands that carry scripts, and remembers which script's digest now stands for which. */
export class ScriptRewriter {
  readonly #engineShaByOriginal = new Map<string, string>()

  /** What to send instead, and what to make of the reply. */
  rewrite(command: Command): { command: Command; reply: (reply: Reply) => Reply } {
    const [name, first, second] = command.map((part) => part.toString())
    const unchanged = (reply: Reply): Reply => reply
    switch (name?.toUpperCase()) {
      case 'EVAL':
      case 'EVAL_RO':
        return {
          command: [name, this.#register(first ?? ''), ...command.slice(2)],
          reply: unchanged,
        }
      case 'EVALSHA':
      case 'EVALSHA_RO':
        return {
          command: [name, this.#engineSha(first ?? ''), ...command.slice(2)],
          reply: unchanged,
        }
      case 'SCRIPT':
        return this.#rewriteScript(command, first ?? '', second ?? '')
      default:
        return { command, reply: unchanged }
    }
  }

  #rewriteScript(command: Command, verb: string, script: string): ReturnType<ScriptRewriter['rewrite']> {
    switch (verb.toUpperCase()) {
      case 'LOAD':
        return {
          command: ['SCRIPT', 'LOAD', this.#register(script)],
          reply: (reply) => (Buffer.isBuffer(reply) ? Buffer.from(sha1(script)) : reply),
        }
      case 'EXISTS': {
        const digests = command.slice(2).map((digest) => this.#engineSha(digest.toString()))
        return { command: ['SCRIPT', 'EXISTS', ...digests], reply: (reply) => reply }
      }
      default:
        return { command, reply: (reply) => reply }
    }
  }

  #register(script: string): string {
    const rewritten = withoutKeyLocking(script)
    if (rewritten === null) return script
    const oldest = this.#engineShaByOriginal.keys().next().value
    if (oldest !== undefined && this.#engineShaByOriginal.size >= SCRIPTS_MAX)
      this.#engineShaByOriginal.delete(oldest)
    this.#engineShaByOriginal.set(sha1(script), sha1(rewritten))
    return rewritten
  }

  #engineSha(original: string): string {
    return this.#engineShaByOriginal.get(original.toLowerCase()) ?? original
  }
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
