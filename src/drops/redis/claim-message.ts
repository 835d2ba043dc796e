/** What travels through the queue: one claim that is to be recorded. */
import * as z from 'zod'

export const claimMessage = z.object({
  dropId: z.string().min(1),
  /** Of the filling in which it was claimed: the records refuse an older one. */
  generation: z.int().positive(),
  userId: z.string().min(1),
  code: z.string().min(1),
  claimedAtMs: z.int().nonnegative(),
})
export type ClaimMessage = z.output<typeof claimMessage>
