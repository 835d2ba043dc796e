/** What the operator asks for: the events and pools of the run, and the lines' counts. */
import type { PatientClient } from './patient-client.ts'

export type LineCounts = {
  readonly admitted: number
  readonly waiting: number
  readonly joinedTotal: number
  readonly admittedTotal: number
}

export class Operator {
  readonly #client: PatientClient
  readonly #key: string

  constructor(client: PatientClient, adminKey: string) {
    this.#client = client
    this.#key = adminKey
  }

  /** @throws when it is refused */
  async put(path: string, config: object): Promise<void> {
    const answer = await this.#client.call('PUT', `/api/v1/admin/${path}`, {
      bearer: this.#key,
      body: config,
    })
    if (answer.status !== 200 && answer.status !== 201)
      throw new Error(`PUT ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }

  async counts(eventId: string): Promise<LineCounts> {
    const path = `/api/v1/admin/events/${eventId}`
    const { status, body } = await this.#client.call('GET', path, { bearer: this.#key })
    if (status !== 200) throw new Error(`GET ${path}: ${status}`)
    return body
  }
}
