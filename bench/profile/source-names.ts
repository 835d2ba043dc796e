/** Names of source files for a profile of a bundle. */
import type { CpuProfile } from './flame-graph.ts'

/** What esbuild writes above the code of each file. */
const FILE_COMMENT = /^\/\/ (?:\.\.\/)*(\S+\.[jt]s)$/

/** The same profile; each function of the bundle carries the file that it came from and its line in the bundle. */
export function namedBySource(profile: CpuProfile, script: string): CpuProfile {
  const files = filesByLine(script)
  const nodes = profile.nodes.map((node) => {
    const { callFrame } = node
    const file = callFrame.url === '' ? undefined : files[callFrame.lineNumber]
    return file === undefined ? node : { ...node, callFrame: { ...callFrame, url: file } }
  })
  return { ...profile, nodes }
}

/** For each line of the bundle, from 0, the file that it belongs to. */
function filesByLine(script: string): (string | undefined)[] {
  let file: string | undefined
  return script.split('\n').map((line) => {
    file = FILE_COMMENT.exec(line)?.[1] ?? file
    return file
  })
}
