/** How many of the requests and calls leave an event in Workers Logs, as wrangler.toml says; what Usher logs itself is little. */

/** @param toml the text of wrangler.toml. @returns a share, 0..1: 0 when logs are off, 1 by default when they are on. */
export function logSamplingOf(toml: string): number {
  const [, section = ''] = /^\[observability\]$([^[]*)/m.exec(toml) ?? []
  if (valueOf('enabled', section) !== 'true') return 0
  const [, logs = ''] = /^\[observability\.logs\]$([^[]*)/m.exec(toml) ?? []
  if (valueOf('invocation_logs', logs) === 'false') return 0
  const rate = Number(valueOf('head_sampling_rate', section) ?? '1')
  return rate >= 0 && rate <= 1 ? rate : 1
}

function valueOf(name: string, section: string): string | undefined {
  return new RegExp(`^${name}\\s*=\\s*([^\\s#]+)`, 'm').exec(section)?.[1]
}
