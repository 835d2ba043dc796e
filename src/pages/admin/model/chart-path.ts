/** From values over time to the path of an SVG. */
import { along } from './chart-scale.ts'
import type { Scale } from './chart-scale.ts'

/** `value` is null where nothing is known: the line has a gap there. */
export type Point = { readonly atMs: number; readonly value: number | null }

export type Plane = { readonly time: Scale; readonly value: Scale }

/** @returns the `d` of a line through the points; '' without any. A point between two gaps is a dot. */
export function linePath(points: readonly Point[], plane: Plane): string {
  return stretches(points)
    .map((stretch) => {
      const [first = '', ...rest] = stretch.map((point) => place(point, plane))
      // A round cap makes a dot of a line without length.
      return `M${first}${rest.length === 0 ? 'h0' : rest.map((next) => `L${next}`).join('')}`
    })
    .join('')
}

/** @returns the `d` of the area between the line and zero. */
export function areaPath(points: readonly Point[], plane: Plane): string {
  const floor = round(plane.value.size)
  return stretches(points)
    .filter((stretch) => stretch.length > 1)
    .map((stretch) => {
      const [first, last] = [stretch[0], stretch[stretch.length - 1]]
      if (first === undefined || last === undefined) return ''
      const line = stretch.map((point) => `L${place(point, plane)}`).join('')
      return `M${round(along(plane.time, first.atMs))},${floor}${line}L${round(along(plane.time, last.atMs))},${floor}Z`
    })
    .join('')
}

type KnownPoint = { readonly atMs: number; readonly value: number }

/** The runs of known values between the gaps. */
function stretches(points: readonly Point[]): KnownPoint[][] {
  const runs: KnownPoint[][] = [[]]
  for (const { atMs, value } of points) {
    if (value === null) runs.push([])
    else runs[runs.length - 1]?.push({ atMs, value })
  }
  return runs.filter((run) => run.length > 0)
}

/** SVG's y grows downwards. */
function place({ atMs, value }: KnownPoint, { time, value: scale }: Plane): string {
  return `${round(along(time, atMs))},${round(scale.size - along(scale, value))}`
}

/** A tenth of a pixel is less than anybody sees. */
function round(pixels: number): number {
  return Math.round(pixels * 10) / 10
}
