/** How a stream, or its refusal, travels from the object that holds it to the gateway. */
import type { LineFailure } from '../core/failures.ts'
import type { Result } from '../core/result.ts'
import type { LineScale } from '../core/scale.ts'

const SCALE_HEADER = 'Usher-Scale'

/** `scale` is there when the event is spread over shards; it is for the gateway and goes no further. */
export type OpenedStream = { readonly body: ReadableStream<Uint8Array>; readonly scale?: LineScale }

/** See LineApi.fetch. */
export function streamResponse(opened: Result<OpenedStream, LineFailure>): Response {
  if (!opened.ok) return Response.json(opened.error, { status: 409 })
  const { body, scale } = opened.value
  const headers = new Headers({ 'content-type': 'text/event-stream' })
  if (scale !== undefined) headers.set(SCALE_HEADER, `${scale.joinShards},${scale.streamShards}`)
  return new Response(body, { headers })
}

/** The scale that a stream's answer tells; undefined when the event is not spread. */
export function scaleOf(response: Response): LineScale | undefined {
  const told = /^(\d+),(\d+)$/.exec(response.headers.get(SCALE_HEADER) ?? '')
  return told === null ? undefined : { joinShards: Number(told[1]), streamShards: Number(told[2]) }
}
