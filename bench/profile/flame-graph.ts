/** A V8 CPU profile as a flame graph: who called whom, as wide as the time spent there. */

type ProfileNode = {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
  }
  readonly children?: readonly number[]
}

/** The part of the DevTools format that is used here; `timeDeltas` in microseconds, one for each sample. */
export type CpuProfile = {
  readonly nodes: readonly ProfileNode[]
  readonly samples?: readonly number[]
  readonly timeDeltas?: readonly number[]
}

export type SelfTime = { readonly label: string; readonly ms: number; readonly share: number }

type Box = { readonly label: string; readonly depth: number; readonly fromUs: number; readonly us: number }

const WIDTH = 1_400
const ROW_HEIGHT = 17
const TITLE_HEIGHT = 26
const CHAR_WIDTH = 6.6
/** Narrower than this many pixels is not drawn: it could neither be read nor pointed at. */
const NARROWEST = 0.4
/** Time in which nothing ran. */
const IDLE = new Set(['(idle)', '(program)', '(root)'])

/** Functions by the time spent in themselves, the hottest first; shares are of the time in which something ran. */
export function selfTimes(profile: CpuProfile): SelfTime[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const byLabel = new Map<string, number>()
  for (const [id, us] of selfUs(profile)) {
    const node = nodes.get(id)
    if (node === undefined || IDLE.has(node.callFrame.functionName)) continue
    const label = labelOf(node)
    byLabel.set(label, (byLabel.get(label) ?? 0) + us)
  }
  const totalUs = [...byLabel.values()].reduce((sum, us) => sum + us, 0)
  return [...byLabel]
    .map(([label, us]) => ({ label, ms: us / 1_000, share: us / Math.max(1, totalUs) }))
    .toSorted((a, b) => b.ms - a.ms)
}

/** An SVG of its own: the widest calls at the top, their callees below, the figures in each box's title. */
export function flameGraph(title: string, profile: CpuProfile): string {
  const boxes = boxesOf(profile)
  const totalUs = Math.max(1, ...boxes.map(({ fromUs, us }) => fromUs + us))
  const scale = WIDTH / totalUs
  const drawn = boxes.filter(({ us }) => us * scale >= NARROWEST)
  const height = TITLE_HEIGHT + ROW_HEIGHT * (1 + Math.max(0, ...drawn.map(({ depth }) => depth)))
  const bodies = drawn.map((box) => boxSvg(box, scale, totalUs))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="6" y="17" font-size="13">${escaped(title)}: ${(totalUs / 1_000).toFixed(0)} ms on CPU</text>`,
    ...bodies,
    '</svg>',
  ].join('\n')
}

function boxSvg({ label, depth, fromUs, us }: Box, scale: number, totalUs: number): string {
  const [x, y, width] = [fromUs * scale, TITLE_HEIGHT + depth * ROW_HEIGHT, us * scale]
  const chars = Math.floor((width - 4) / CHAR_WIDTH)
  const text = chars < 3 ? '' : label.slice(0, chars)
  const hue = 20 + (hashOf(label) % 40)
  const share = ((us / totalUs) * 100).toFixed(1)
  return (
    `<g><title>${escaped(label)}: ${(us / 1_000).toFixed(1)} ms, ${share} %</title>` +
    `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW_HEIGHT - 1}" ` +
    `fill="hsl(${hue} 80% 72%)"/><text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escaped(text)}</text></g>`
  )
}

/** Boxes of all calls, a caller above its callees. */
function boxesOf(profile: CpuProfile): Box[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const own = selfUs(profile)
  const total = new Map<number, number>()
  const totalOf = (node: ProfileNode): number => {
    const children = (node.children ?? []).map((id) => nodes.get(id)).filter((child) => child !== undefined)
    const isIdle = IDLE.has(node.callFrame.functionName)
    const us =
      (isIdle ? 0 : (own.get(node.id) ?? 0)) + children.reduce((sum, child) => sum + totalOf(child), 0)
    total.set(node.id, us)
    return us
  }
  const boxes: Box[] = []
  const place = (node: ProfileNode, depth: number, fromUs: number): void => {
    boxes.push({ label: labelOf(node), depth, fromUs, us: total.get(node.id) ?? 0 })
    let at = fromUs
    const children = (node.children ?? []).flatMap((id) => nodes.get(id) ?? [])
    for (const child of children.toSorted((a, b) => (total.get(b.id) ?? 0) - (total.get(a.id) ?? 0))) {
      place(child, depth + 1, at)
      at += total.get(child.id) ?? 0
    }
  }
  const [root] = profile.nodes
  if (root === undefined) return []
  totalOf(root)
  place(root, 0, 0)
  return boxes.filter(({ us }) => us > 0)
}

/** Microseconds in each node itself. */
function selfUs({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const byNode = new Map<number, number>()
  for (const [index, id] of samples.entries()) {
    byNode.set(id, (byNode.get(id) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0))
  }
  return byNode
}

function labelOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.split('/').slice(-3).join('/')
  return `${functionName === '' ? '(anonymous)' : functionName}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`
}

function hashOf(text: string): number {
  let hash = 0
  for (const char of text) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0
  return hash
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
