/**
 * What an endpoint is: one entry of the table from which routing, validation, authentication, method answers and the
 * OpenAPI document are all derived, so that none of them can disagree.
 */
import type * as z from 'zod'
import type { Result } from '../core/result.ts'
import type { Failure } from './failure.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import type { ProblemCode } from './problem-catalog.ts'

/** Who may call. `anybody`: credentials are not looked at. */
export const AUTHS = ['anybody', 'visitor', 'origin', 'operator'] as const
export type Auth = (typeof AUTHS)[number]

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type Visitor = { readonly kind: 'visitor'; readonly userId: string; readonly isOperator: boolean }
/** Who is behind a request. `null`: nobody was asked to say. */
export type Caller = Visitor | { readonly kind: 'origin' } | { readonly kind: 'operator' } | null

type CallerOf<A extends Auth> = A extends 'visitor' ? Visitor : Caller

type ParamName<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamName<Rest>
  : never

/** One request to one endpoint, after everything that the table says has been checked. */
export type Call<Path extends string, A extends Auth, Body extends z.ZodType> = GatewayDeps & {
  readonly request: Request
  readonly requestId: string
  readonly params: Readonly<Record<ParamName<Path>, string>>
  readonly caller: CallerOf<A>
  readonly body: z.output<Body>
}

export type ResponseSpec = {
  readonly description: string
  /** Absent: no body. */
  readonly schema?: z.ZodType
  /** Default: application/json. */
  readonly contentType?: string
}

export type QueryParam =
  | { readonly description: string; readonly minimum: number; readonly maximum: number }
  | { readonly description: string; readonly values: readonly string[] }

type EndpointFacts = {
  readonly method: Method
  readonly summary: string
  readonly tag: string
  /** Successful answers by status. */
  readonly responses: Readonly<Record<number, ResponseSpec>>
  /** Problems of this endpoint's own; those of authentication, validation and limits are added by the table. */
  readonly problems?: readonly ProblemCode[]
  /** Accepts `Idempotency-Key`. */
  readonly idempotent?: true
  /** Wants the visitor's entry token in `Entry-Token`. The handler checks it. */
  readonly entryToken?: true
  /** What may stand behind the `?`. The handler reads it. */
  readonly query?: Readonly<Record<string, QueryParam>>
  /** Which rate limit a call counts against. */
  readonly limit?: 'join' | 'session'
  /** A GET that changes state: a cookie alone does not authorize it when the browser says that another site asks. */
  readonly changesState?: true
  /** A page in place of problem+json; null leaves the failure as it is. */
  renderFailure?(failure: Failure): Response | null
}

export type EndpointSpec<Path extends string, A extends Auth, Body extends z.ZodType> = EndpointFacts & {
  readonly path: Path
  readonly auth: A
  readonly body?: Body
  handler(call: Call<Path, A, Body>): Promise<Result<Response, Failure>>
}

/** An endpoint whose types have been checked against each other and are now forgotten, so that it fits in a table. */
export type Endpoint = EndpointFacts & {
  readonly path: string
  readonly auth: Auth
  readonly body: z.ZodType | null
  handler(call: AnyCall): Promise<Result<Response, Failure>>
}

export type AnyCall = GatewayDeps & {
  readonly request: Request
  readonly requestId: string
  readonly params: Readonly<Record<string, string>>
  readonly caller: Caller
  readonly body: unknown
}

/** Names the parameters in `{braces}`; the handler's `params`, `caller` and `body` get their types from the spec. */
export function endpoint<Path extends string, A extends Auth, Body extends z.ZodType = z.ZodUndefined>(
  spec: EndpointSpec<Path, A, Body>,
): Endpoint {
  // The dispatcher fills params, caller and body by this very spec, which is what makes forgetting the types safe.
  return { ...spec, body: spec.body ?? null }
}
