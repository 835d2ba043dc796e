/** Places that were taken in one decision follow each other in everything but their visitors. */
import type { PlaceRecord } from '../core/records.ts'

/** Well below the 2 MB that a bound value may have, with ids of a hundred characters. */
const RUN_MAX = 5_000

export type PlaceRun = { readonly first: PlaceRecord; readonly userIds: string[] }

/** Cuts a list of new places into runs of consecutive join numbers, of one moment, all drawn or none. */
export function placeRuns(places: readonly PlaceRecord[]): PlaceRun[] {
  const runs: PlaceRun[] = []
  for (const place of places) {
    const run = runs.at(-1)
    if (run !== undefined && run.userIds.length < RUN_MAX && follows(run, place))
      run.userIds.push(place.userId)
    else runs.push({ first: place, userIds: [place.userId] })
  }
  return runs
}

function follows({ first, userIds }: PlaceRun, next: PlaceRecord): boolean {
  const { length } = userIds
  return (
    next.joinNumber === first.joinNumber + length &&
    next.number === (first.number === null ? null : first.number + length) &&
    next.joinedAtMs === first.joinedAtMs &&
    next.state === first.state
  )
}
