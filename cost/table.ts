/** The bill as text. */
import { PHASES, type Bill, type BillLine, type BillPart } from './bill.ts'
import type { Objects } from './objects.ts'
import { OPERATION_NAMES, type CountedFile, type OperationName } from './operations.ts'
import { METERS, NEXT_LOG_PRICE, PAID_PLAN_USD, PRICES } from './prices.ts'
import type { Workload } from './workload.ts'

const LABEL_WIDTH = 36

/** Everything, for people. */
export function billText(
  load: Workload,
  bills: readonly Bill[],
  counted: CountedFile,
  perMillion: Readonly<Partial<Record<OperationName, number>>>,
): string {
  return [
    ...heading(load, counted),
    ...bills.flatMap(billLines),
    ...comparison(bills),
    ...operationPrices(counted, perMillion),
    ...sources(),
  ].join('\n')
}

function heading(load: Workload, { countedAt, machine, versions }: CountedFile): string[] {
  return [
    `${count(load.waiting)} in the line for ${count(load.hours)} h, ${count(load.admitPerMinute)} admitted a minute, ` +
      `${count(load.sessionMinutes)} min in the shop; ${count(load.logSampling * 100)} % of calls logged.`,
    `Operations counted ${countedAt} on ${machine.cpu}, ${machine.cores} cores; workerd ${versions.workerd}, commit ${versions.commit}.`,
  ]
}

function billLines(bill: Bill): string[] {
  const title = `${bill.name}: ${count(bill.visitors)} visitors, ${objectsText(bill.objects)}`
  return [
    '',
    title,
    '='.repeat(title.length),
    ...bill.warnings.map((warning) => `NOTE  ${warning}`),
    ...bill.lines.filter(({ quantity }) => quantity > 0).flatMap(lineText),
    total('at list price', bill.usd),
    ...PHASES.map((phase) => total(`  of it ${phase}`, bill.usdByPhase[phase])),
    total(
      `a month with this sale alone, with the $${PAID_PLAN_USD} plan and what it includes`,
      bill.usdOfMonth,
    ),
  ]
}

function objectsText({ total: objects, streamShards, joinShards }: Objects): string {
  const shards = [
    ...(streamShards > 0 ? [`${streamShards} for streams`] : []),
    ...(joinShards > 0 ? [`${joinShards} for joins`] : []),
  ]
  const parts = shards.length === 0 ? '' : ` (the line, ${shards.join(', ')})`
  return `${count(objects)} ${objects === 1 ? 'object' : 'objects'}${parts}`
}

function lineText({ price, quantity, usd: amount, parts }: BillLine): string[] {
  const per = price.per === 1_000_000 ? 'million' : count(price.per)
  return [
    '',
    `${price.service}, ${price.item}: ${count(quantity)} x $${price.usd} / ${per} = ${usd(amount)}`,
    `  price: ${price.source}, ${price.asOf ?? 'undated'}`,
    ...parts.map(partText),
  ]
}

function partText({ label, arithmetic, each, quantity }: BillPart): string {
  const times = each === 1 ? arithmetic : `(${arithmetic}) x ${count(each, 4)}`
  return `  ${label.padEnd(LABEL_WIDTH)} ${times} = ${count(quantity)}`
}

function total(label: string, amount: number): string {
  return `${label.padEnd(80)} ${usd(amount).padStart(12)}`
}

function comparison(bills: readonly Bill[]): string[] {
  return [
    '',
    'Side by side',
    '============',
    row('', ['list price', 'month alone', 'without logs', 'a visitor', 'a visitor waiting 1 h']),
    ...bills.map((bill) => {
      const logs = bill.lines.find(({ meter }) => meter === 'logEvents')?.usd ?? 0
      const perVisitor = bill.usd / bill.visitors
      const amounts = [bill.usd, bill.usdOfMonth, bill.usd - logs].map((amount) => usd(amount))
      return row(bill.name, [...amounts, usd(perVisitor, 7), usd(bill.usdPerWaitingHour, 7)])
    }),
  ]
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(24) + cells.map((cell) => cell.padStart(22)).join('')
}

function operationPrices(
  { operations }: CountedFile,
  perMillion: Readonly<Partial<Record<OperationName, number>>>,
): string[] {
  return [
    '',
    'A million of each, at list price and without logs',
    '=================================================',
    ...OPERATION_NAMES.flatMap((name) => {
      const price = perMillion[name]
      return price === undefined ? [] : [`${usd(price).padStart(12)}  ${operations[name].unit}`]
    }),
  ]
}

function sources(): string[] {
  const { from, usdPerGb, includedGb, source } = NEXT_LOG_PRICE
  return [
    '',
    'Prices',
    '======',
    ...METERS.map((meter) => {
      const { service, item, included, source: page, asOf, evidence } = PRICES[meter]
      const free = included === 0 ? 'none included' : `${count(included)} a month included`
      return `${service}, ${item}: ${free}; ${page}, ${asOf ?? 'undated'} (${evidence})`
    }),
    `From ${from} logs cost $${usdPerGb} a GB beyond ${includedGb} GB a month, instead: ${source}`,
  ]
}

function count(value: number, digits = 2): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}

function usd(value: number, digits = value < 0.1 ? 4 : 2): string {
  return `$${value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`
}
