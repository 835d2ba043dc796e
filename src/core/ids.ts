/**
 * Ids are checked once, at the edge; inside, their grammar is what makes keys and URLs unambiguous.
 */

/** `eventId`, `poolId` and `dropId`. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

export function isId(value: string): boolean {
  return ID_PATTERN.test(value)
}

/**
 * An admission id names its event, so that a request that has only the admission id finds the right line:
 * `<eventId>.<22 base64url characters>`. A dot cannot be part of an event id.
 */
export const ADMISSION_ID_PATTERN = /^([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.[A-Za-z0-9_-]{22}$/

export function admissionIdFor(eventId: string, random: string): string {
  return `${eventId}.${random}`
}

export function isAdmissionId(value: string): boolean {
  return ADMISSION_ID_PATTERN.test(value)
}

/** The event of an admission, or null when the text is not an admission id. */
export function eventIdOfAdmission(admissionId: string): string | null {
  return ADMISSION_ID_PATTERN.exec(admissionId)?.[1] ?? null
}

/** A visitor's id is stored with every place and admission; identity providers keep theirs far below this. */
export const USER_ID_CHARS_MAX = 128

/** Whatever an identity provider puts into `sub`, if it is well-formed Unicode. */
export const USER_ID_PATTERN = new RegExp(`^[^\\p{Cs}]{1,${USER_ID_CHARS_MAX}}$`, 'su')
