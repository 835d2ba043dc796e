/** `npm run cost`: the bill of a sale, for three ways in which visitors follow their place. */
import { readFileSync } from 'node:fs'
import { billOf, pricePerMillion } from './bill.ts'
import { logSamplingOf } from './log-sampling.ts'
import { parseOptions, USAGE } from './options.ts'
import { readCounted } from './operations.ts'
import { NEXT_LOG_PRICE, PAID_PLAN_USD } from './prices.ts'
import { billText } from './table.ts'

const EXIT_NOT_RUN = 2

function main(): number {
  const logSampling = logSamplingOf(readFileSync(new URL('../wrangler.toml', import.meta.url), 'utf8'))
  const parsed = parseOptions(process.argv.slice(2), logSampling)
  if (!parsed.ok) {
    console.error(`${parsed.error}\n\n${USAGE}`)
    return EXIT_NOT_RUN
  }
  const { load, streamsShare, json, help } = parsed.value
  if (help) {
    console.log(USAGE)
    return 0
  }
  const counted = readCounted(new URL('operations.json', import.meta.url))
  const bills = [
    billOf('Streams', load, 1, counted.operations),
    billOf('Polling', load, 0, counted.operations),
    billOf(`Mix, ${Math.round(streamsShare * 100)} % streams`, load, streamsShare, counted.operations),
  ]
  const perMillion = pricePerMillion(counted.operations)
  const all = { load, bills, perMillion, paidPlanUsd: PAID_PLAN_USD, nextLogPrice: NEXT_LOG_PRICE, counted }
  console.log(json ? JSON.stringify(all, null, 2) : billText(load, bills, counted, perMillion))
  return 0
}

process.exitCode = main()
