/** Whether what is set here is what the Worker takes. Pure but for made-up secrets. */
import { CONFIG_VARIABLES } from '../../config-reader.ts'
import { LOCAL_KEYS, parseConfig } from '../../config.ts'
import { isLoopback } from '../../loopback.ts'
import { newSecret, newSigningKey } from '../keys/signing-keys.ts'
import type { Settings } from '../server/settings.ts'
import { failing, good, warning } from './check.ts'
import type { Check } from './check.ts'

export type Stage = 'local' | 'deployment'

/** Faults of the variables that are set. Those of a deployment that are not set here may be secrets there. */
export function variablesCheck(settings: Settings, stage: Stage): Check {
  const given = CONFIG_VARIABLES.filter((name) => (settings[name] ?? '') !== '')
  const set = Object.fromEntries(given.map((name) => [name, settings[name]]))
  const parsed = parseConfig({ ...standIns(settings, stage), ...set, USHER_STAGE: stage })
  if (parsed.ok)
    return good('variables', given.length === 0 ? 'none is set here' : `in order: ${given.join(', ')}`)
  const faults = parsed.error.map(({ variable, fault }) => `${variable} ${fault}`)
  return failing('variables', faults.join('; '), 'docs/configuration.md says what each must be')
}

/** For what need not be set here: made up by a local run, or a secret that only the deployment has. */
function standIns(settings: Settings, stage: Stage): Settings {
  const keys =
    stage === 'local' ? LOCAL_KEYS : { ADMIN_API_KEY: newSecret(32), ORIGIN_API_KEY: newSecret(32) }
  const isRedisGiven = stage === 'local' && (settings['UPSTASH_REDIS_REST_URL'] ?? '') !== ''
  return {
    ...keys,
    SESSION_SECRET: newSecret(48),
    ENTRY_TOKEN_SECRET: newSecret(64),
    ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys: [newSigningKey(0)] }),
    UPSTASH_REDIS_REST_URL: 'https://redis.invalid',
    // A local run with an address of its own needs the token to it, too.
    ...(!isRedisGiven && { UPSTASH_REDIS_REST_TOKEN: newSecret(24) }),
  }
}

/** @param mode permission bits of the file, or null when there is no such file, or no such bits (Windows). */
export function fileModeCheck(file: string, mode: number | null): readonly Check[] {
  if (mode === null) return []
  if ((mode & 0o077) === 0) return [good('secrets-file', `${file} is readable by you alone`)]
  return [warning('secrets-file', `others on this machine may read ${file}`, `chmod 600 ${file}`)]
}

export function shopUrlCheck(settings: Settings, stage: Stage): Check {
  const text = settings['SHOP_URL'] ?? ''
  if (text === '') {
    return warning(
      'shop-url',
      'SHOP_URL is not set here',
      'set it, or the waiting page has nowhere to send the admitted',
    )
  }
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null)
    return failing('shop-url', 'SHOP_URL is no URL', 'set it to the page of the shop that takes the token')
  if (stage === 'deployment' && isLoopback(url.hostname)) {
    return failing('shop-url', 'SHOP_URL is on this machine', "set it to the shop's public address")
  }
  return good('shop-url', `the admitted are sent to ${url.origin}`)
}

export function corsCheck(settings: Settings, stage: Stage): Check {
  const origins = (settings['CORS_ORIGINS'] ?? '').split(',').flatMap((origin) => origin.trim() || [])
  if (origins.length === 0) return good('cors', 'no other site may use the API with the visitor’s cookie')
  const loose = origins.filter((origin) => {
    if (!URL.canParse(origin)) return false // The variables' own check tells.
    const { protocol, hostname } = new URL(origin)
    return stage === 'deployment' && (protocol !== 'https:' || isLoopback(hostname))
  })
  if (loose.length === 0) return good('cors', `may use the API from elsewhere: ${origins.join(', ')}`)
  return warning(
    'cors',
    `not https, or on this machine: ${loose.join(', ')}`,
    'remove them from CORS_ORIGINS',
  )
}

/** Queue-it's connectors take what is behind an underscore for the next field of the token. */
export function queueItCheck(settings: Settings, eventIds: readonly string[]): readonly Check[] {
  if ((settings['QUEUE_IT_SECRET_KEY'] ?? '') === '') return []
  const unfit = eventIds.filter((eventId) => eventId.includes('_'))
  if (unfit.length === 0) return [good('queue-it', 'the ids of all events can stand in its tokens')]
  return [
    failing(
      'queue-it',
      `its connectors cannot read tokens of events with _ in the id: ${unfit.join(', ')}`,
      'create these events under an id without _',
    ),
  ]
}
