/**
 * A million joins in a minute through 64 shards, in simulated time: `npm run test:scale`, with `-- --joins N`,
 * `--seconds N`, `--shards N`, `--seed N` for other rushes. The arithmetic is real, the calls and the clocks are
 * simulated; the figures are what remains of the order, what the line computes, and what each visitor costs it.
 */
import { parseArgs } from 'node:util'
import { joinRush, RUSH, waitQuantileMs, type RushOptions } from './join-rush.ts'
import { bytesEach } from './line-memory.ts'
import { quantileOf } from './order.ts'

const SHARES = [0.5, 0.9, 0.99, 0.999, 1] as const
const BYTES_MAX = 200
const ORDER_P99_MS_MAX = 300

const { values } = parseArgs({
  options: {
    joins: { type: 'string', default: String(RUSH.joins) },
    seconds: { type: 'string', default: String(RUSH.seconds) },
    shards: { type: 'string', default: String(RUSH.shards) },
    seed: { type: 'string', default: String(RUSH.seed) },
  },
})
const options: RushOptions = {
  ...RUSH,
  joins: Number(values.joins),
  seconds: Number(values.seconds),
  shards: Number(values.shards),
  seed: Number(values.seed),
}
const { joins, seconds, shards } = options

const memory = [await bytesEach(100_000), await bytesEach(1_000_000)]
const result = await joinRush(options)
const inversionsMs = result.order.inversionsMs()
const faults = result.order.faults()

console.log(`${joins} joins in ${seconds} s, half of them in the first quarter, through ${shards} shards`)
console.log(`calls: median ${RUSH.rpcMedianMs} ms each way, ${RUSH.stragglers * 100}% take 0.5 to 3 s`)
console.log(`clocks: standard deviation ${RUSH.skewSdMs} ms`)
console.log('')
console.log(`answered with a place of their own: ${result.acknowledged}; refused: ${result.refused}`)
console.log(`numbers missing or given twice: ${faults}`)
console.log('')
console.log('| share of the visitors | overtaken by somebody who came later by at most | answered within |')
console.log('|---|---|---|')
for (const share of SHARES) {
  const overtaken = `${quantileOf(inversionsMs, share)} ms`
  console.log(`| ${share * 100}% | ${overtaken} | ${waitQuantileMs(result.waits, share)} ms |`)
}
console.log('')
const busiest = result.callsInBusiestSecond
console.log(
  `calls to the line: ${result.calls}, ${Math.round(result.calls / seconds)} a second, at most ${busiest}`,
)
console.log(`windows joined: ${result.commits}`)
const perSecond = Math.round((joins / result.lineMs) * 1_000)
console.log(`the line computed ${Math.round(result.lineMs)} ms without its rows: ${perSecond} joins a second`)
console.log(`memory of each who waits: ${memory.map((bytes) => Math.round(bytes)).join(' and ')} bytes`)
console.log('(of 100,000 and of 1,000,000)')

const isKept =
  result.acknowledged === joins && faults === 0 && quantileOf(inversionsMs, 0.99) <= ORDER_P99_MS_MAX
const isSmall = memory.every((bytes) => bytes <= BYTES_MAX)
if (!isKept || !isSmall) process.exitCode = 1
