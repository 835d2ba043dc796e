/** Signatures of webhooks: who has not the secret, or comes too late, is not believed. */
import { describe, expect, it } from 'vitest'
import { isSigned, signatureOf, SIGNATURE_TOLERANCE_SECONDS } from '../../../src/webhooks/signature.ts'

const NOW_MS = 1_800_000_000_000
const BODY = '{"seat":"가-1","n":1}'
const SECRET = 'whsec_current'

describe('a webhook is believed', () => {
  it('when one of our secrets has signed this body just now', () => {
    expect(isSigned(signatureOf(BODY, SECRET, NOW_MS), BODY, [SECRET], NOW_MS)).toBe(true)
  })

  it('with what another program computes: HMAC-SHA256 over time, dot and body', () => {
    // echo -n '1800000000.{}' | openssl dgst -sha256 -hmac whsec_current
    const known = '30f88730f29f031e8b22e56e2132e5863833ea48eb678e8c2114abe9cdc64ee9'
    expect(signatureOf('{}', SECRET, NOW_MS)).toBe(`t=1800000000,v1=${known}`)
    expect(isSigned(`t=1800000000,v1=${known}`, '{}', [SECRET], NOW_MS)).toBe(true)
  })

  it('during a rotation by the secret that goes and by the one that comes', () => {
    const secrets = ['whsec_next', SECRET]
    for (const secret of secrets)
      expect(isSigned(signatureOf(BODY, secret, NOW_MS), BODY, secrets, NOW_MS)).toBe(true)
  })

  it('when the right signature stands among others', () => {
    const [time, right] = signatureOf(BODY, SECRET, NOW_MS).split(',')
    const header = `${time}, v0=00, v1=${'0'.repeat(64)}, ${right}`
    expect(isSigned(header, BODY, [SECRET], NOW_MS)).toBe(true)
  })

  it.each([-SIGNATURE_TOLERANCE_SECONDS, SIGNATURE_TOLERANCE_SECONDS])('%i s from now', (seconds) => {
    const header = signatureOf(BODY, SECRET, NOW_MS + seconds * 1_000)
    expect(isSigned(header, BODY, [SECRET], NOW_MS)).toBe(true)
  })
})

describe('a webhook is not believed', () => {
  const good = signatureOf(BODY, SECRET, NOW_MS)
  it.each([
    ['without a header', null, BODY],
    ['with an empty header', '', BODY],
    ['with another body', good, BODY.replace('1', '2')],
    ['with a body whose bytes differ and whose JSON does not', good, `${BODY} `],
    ['signed with another secret', signatureOf(BODY, 'whsec_other', NOW_MS), BODY],
    ['signed too long ago', signatureOf(BODY, SECRET, NOW_MS - 301_000), BODY],
    ['signed in the future', signatureOf(BODY, SECRET, NOW_MS + 301_000), BODY],
    ['with its time changed', good.replace(/t=\d+/, `t=${NOW_MS / 1_000 + 1}`), BODY],
    ['without a time', good.replace(/t=\d+,/, ''), BODY],
    ['with a time that is no number', good.replace(/t=\d+/, 't=now'), BODY],
    ['with only a scheme that is not v1', good.replace('v1=', 'v0='), BODY],
    ['with a signature cut short', good.slice(0, -2), BODY],
  ])('%s', (_name, header, body) => {
    expect(isSigned(header, body, [SECRET], NOW_MS)).toBe(false)
  })

  it('by nobody, when there are no secrets', () => {
    expect(isSigned(good, BODY, [], NOW_MS)).toBe(false)
  })

  it('when the right signature comes after more others than any rotation has', () => {
    const others = Array.from({ length: 8 }, () => `v1=${'0'.repeat(64)}`)
    const [time, right] = good.split(',')
    expect(isSigned([time, ...others, right].join(','), BODY, [SECRET], NOW_MS)).toBe(false)
  })
})
