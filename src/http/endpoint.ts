/**
 * What an endpoint is: one entry of the table from which routing, validation, authentication, method answers and the
 * OpenAPI document are all derived, so that none of them can disagree.
 */
import type * as z from 'zod'
import type { FieldChange } from '../core/console-views.ts'
import type { Result } from '../core/result.ts'
import type { AuditAction } from '../ports/audit.ts'
import type { OperatorSession } from '../ports/tokens.ts'
import type { Failure } from './failure.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import type { ProblemCode } from './problem-catalog.ts'

/** Who may call. `anybody`: credentials are not looked at. */
export const AUTHS = ['anybody', 'visitor', 'origin', 'operator'] as const
export type Auth = (typeof AUTHS)[number]

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type Visitor = { readonly kind: 'visitor'; readonly userId: string; readonly isOperator: boolean }
/** By the key, or by a session that was made with it. */
export type Operator = {
  readonly kind: 'operator'
  /** What the audit log calls them. */
  readonly name: string
  readonly session: OperatorSession | null
}
/** Who is behind a request. `null`: nobody was asked to say. */
export type Caller = Visitor | { readonly kind: 'origin' } | Operator | null

type CallerOf<A extends Auth> = A extends 'visitor'
  ? Visitor
  : A extends 'operator'
    ? Visitor | Operator
    : Caller

type ParamName<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamName<Rest>
  : never

/** One request to one endpoint, after everything that the table says has been checked. */
export type Call<
  Path extends string,
  A extends Auth,
  Body extends z.ZodType,
  Query extends z.ZodType,
> = GatewayDeps & {
  readonly request: Request
  readonly requestId: string
  readonly params: Readonly<Record<ParamName<Path>, string>>
  readonly caller: CallerOf<A>
  readonly body: z.output<Body>
  /** The body as it came; empty for an endpoint without one. */
  readonly bodyText: string
  readonly query: z.output<Query>
  /** For the audit log: what an operator's call has changed. */
  recordChanges(changes: readonly FieldChange[]): void
}

export type ResponseSpec = {
  readonly description: string
  /** Absent: no body. */
  readonly schema?: z.ZodType
  /** Default: application/json. */
  readonly contentType?: string
  /** The body for clients that would rather have JSON than the content type above. */
  readonly json?: z.ZodType
}

type EndpointFacts = {
  readonly method: Method
  readonly summary: string
  readonly tag: string
  /** Successful answers by status. */
  readonly responses: Readonly<Record<number, ResponseSpec>>
  /** Problems of this endpoint's own; those of authentication, validation and limits are added by the table. */
  readonly problems?: readonly ProblemCode[]
  /**
   * Accepts `Idempotency-Key`; who remembers the first answer: the gateway, or the object that carries the request out,
   * by `operationOf`.
   */
  readonly idempotent?: 'by gateway' | 'by object'
  /** Wants the visitor's entry token in `Entry-Token`, or does where a drop is behind an event. The handler checks it. */
  readonly entryToken?: true | 'if-behind-an-event'
  /** Which rate limit a call counts against. */
  readonly limit?: 'join' | 'session'
  /** A GET that changes state: a cookie alone does not authorize it when the browser says that another site asks. */
  readonly changesState?: true
  /** What the audit log calls it. Every endpoint of operators that changes something has one. */
  readonly audit?: AuditAction
  /** Carried out even when the audit log cannot be written. */
  readonly isBrake?: true
  /** A page in place of problem+json; null leaves the failure as it is. */
  renderFailure?(failure: Failure, request: Request, deps: GatewayDeps): Promise<Response | null>
}

export type EndpointSpec<
  Path extends string,
  A extends Auth,
  Body extends z.ZodType,
  Query extends z.ZodType,
> = EndpointFacts & {
  readonly path: Path
  readonly auth: A
  readonly body?: Body
  /** The parameters after the question mark, as texts. Without one nobody looks at them. */
  readonly query?: Query
  /** What can be refused without looking at the body: for what many ask at once that is over. Null: the handler decides. */
  refuse?(deps: GatewayDeps, call: Pick<Call<Path, A, Body, Query>, 'params' | 'caller'>): Failure | null
  handler(call: Call<Path, A, Body, Query>): Promise<Result<Response, Failure>>
}

/** An endpoint whose types have been checked against each other and are now forgotten, so that it fits in a table. */
export type Endpoint = EndpointFacts & {
  readonly path: string
  readonly auth: Auth
  readonly body: z.ZodType | null
  readonly query: z.ZodType | null
  refuse?(deps: GatewayDeps, call: Pick<AnyCall, 'params' | 'caller'>): Failure | null
  handler(call: AnyCall): Promise<Result<Response, Failure>>
}

export type AnyCall = GatewayDeps & {
  readonly request: Request
  readonly requestId: string
  readonly params: Readonly<Record<string, string>>
  readonly caller: Caller
  readonly body: unknown
  readonly bodyText: string
  readonly query: unknown
  recordChanges(changes: readonly FieldChange[]): void
}

/** Names the parameters in `{braces}`; the handler's `params`, `caller`, `query` and `body` get their types from the spec. */
export function endpoint<
  Path extends string,
  A extends Auth,
  Body extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
>(spec: EndpointSpec<Path, A, Body, Query>): Endpoint {
  // The dispatcher fills params, caller, query and body by this very spec, which is what makes forgetting the types safe.
  return { ...spec, body: spec.body ?? null, query: spec.query ?? null }
}
