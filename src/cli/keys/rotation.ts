/** What a rotation changes, and what is to be done next. Pure but for randomness. */
import { wrongUsage } from '../exit.ts'
import type { Settings } from '../server/settings.ts'
import { keySetFrom, newSecret, newSigningKey, nextStep, noCurrent, stepped } from './signing-keys.ts'
import type { Step } from './signing-keys.ts'
import type { Changes } from './variables-file.ts'

export const ROTATED = ['entry', 'session', 'admin', 'origin'] as const
export type Rotated = (typeof ROTATED)[number]

export type Rotation = {
  readonly step: Step
  readonly changes: Changes
  /** What happens by it, and what to do then; lines for people. */
  readonly notes: readonly string[]
}

/** 64 bytes in base64url are 86 characters: HS512 wants at least 64. */
const HS512_SECRET_BYTES = 64
const SESSION_SECRET_BYTES = 48
const API_KEY_BYTES = 32

/** @param step null: the one that comes next. @throws CliFailure when the step does not fit what is there. */
export function rotationOf(rotated: Rotated, settings: Settings, step: Step | null, nowMs: number): Rotation {
  if (rotated === 'entry') {
    return settings['ENTRY_TOKEN_ALG'] === 'HS512'
      ? rotateEntrySecret(settings, step)
      : rotateEntryKeys(settings, step, nowMs)
  }
  if (step !== null && step !== 'replace') {
    throw wrongUsage(`--step ${step}: a ${rotated} secret is replaced at once, there is one of it`)
  }
  return { step: 'replace', ...REPLACED[rotated]() }
}

const REPLACED = {
  session: () => ({
    changes: { SESSION_SECRET: newSecret(SESSION_SECRET_BYTES) },
    notes: ['Every guest session ends when this is deployed: guests lose their places. Never during a sale.'],
  }),
  admin: () => ({
    changes: { ADMIN_API_KEY: newSecret(API_KEY_BYTES) },
    notes: ['The old key is refused as soon as this is deployed.'],
  }),
  origin: () => ({
    changes: { ORIGIN_API_KEY: newSecret(API_KEY_BYTES) },
    notes: [
      'The old key is refused as soon as this is deployed: set it here and in the shop right after each other.',
      "Admissions live on meanwhile, and the shop's calls may be repeated.",
    ],
  }),
} as const

const KEY_NOTES: Readonly<Record<Step, readonly string[]>> = {
  publish: [
    'The new key is published; the old one still signs. Deploy it, wait 10 minutes until every shop has fetched it,',
    'then rotate again: the new key will sign.',
  ],
  sign: [
    'The new key signs; the old one still verifies. Deploy it, wait the longest entryTokenTtlSeconds of your events',
    '(an hour at most), then rotate again: the old key will be gone.',
  ],
  retire: ['The old key is gone. Deploy it, and the rotation is over.'],
  replace: ['The new key is alone: entry tokens of any other are refused as soon as this is deployed.'],
}

function rotateEntryKeys(settings: Settings, wanted: Step | null, nowMs: number): Rotation {
  const text = settings['ENTRY_TOKEN_PRIVATE_JWKS']
  // What has leaked or is broken need not be readable to be replaced.
  const set = wanted === 'replace' ? null : keySetFrom(text)
  const step = wanted ?? nextStep(set)
  const next = stepped(set, step, () => newSigningKey(nowMs))
  return { step, changes: { ENTRY_TOKEN_PRIVATE_JWKS: jsonOf(next) }, notes: KEY_NOTES[step] }
}

/** Quotes would end the value in a file of variables; JSON can spell them otherwise. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value).replaceAll("'", String.raw`\u0027`)
}

/** Two steps: a shop that is given both secrets needs no time to fetch anything. */
function rotateEntrySecret(settings: Settings, wanted: Step | null): Rotation {
  const { ENTRY_TOKEN_SECRET: current = '', ENTRY_TOKEN_SECRET_PREVIOUS: previous = '' } = settings
  if (current === '' && wanted !== 'replace') throw noCurrent('ENTRY_TOKEN_SECRET')
  const step = wanted ?? (previous === '' ? 'sign' : 'retire')
  switch (step) {
    case 'replace':
      return {
        step,
        changes: { ENTRY_TOKEN_SECRET: newSecret(HS512_SECRET_BYTES), ENTRY_TOKEN_SECRET_PREVIOUS: null },
        notes: KEY_NOTES.replace,
      }
    case 'sign':
      return {
        step,
        changes: { ENTRY_TOKEN_SECRET_PREVIOUS: current, ENTRY_TOKEN_SECRET: newSecret(HS512_SECRET_BYTES) },
        notes: [
          'A shop that checks tokens offline must accept both secrets before this is deployed.',
          ...KEY_NOTES.sign,
        ],
      }
    case 'retire':
      if (previous === '') throw wrongUsage('--step retire: there is no previous secret')
      return { step, changes: { ENTRY_TOKEN_SECRET_PREVIOUS: null }, notes: KEY_NOTES.retire }
    case 'publish':
      throw wrongUsage('--step publish: a shared secret is not published; --step sign is the first')
  }
}
