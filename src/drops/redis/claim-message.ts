/** What travels through the queue: claims of one drop that are to be recorded. */
import * as z from 'zod'

/**
 * What is billed is messages, and each has its own way through the queue. So many fit into the 128 kB of one, whatever the
 * names of visitors and codes are.
 */
export const CLAIMS_OF_A_MESSAGE_MAX = 100

export const claimMessage = z.object({
  dropId: z.string().min(1),
  /** Of the filling in which they were claimed: the records refuse an older one. */
  generation: z.int().positive(),
  claims: z
    .array(
      z.object({
        userId: z.string().min(1),
        code: z.string().min(1),
        claimedAtMs: z.int().nonnegative(),
      }),
    )
    .min(1)
    .readonly(),
})
export type ClaimMessage = z.output<typeof claimMessage>
