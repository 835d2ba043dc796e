/** The chapter Drops of the HTTP contract, one method for what a caller does most. */
import type { Answer, Api, Visitor } from '../usher.ts'

export type Strategy = 'object' | 'redis-queue' | 'skip-locked'

export class DropsApi {
  readonly #api: Api

  constructor(api: Api) {
    this.#api = api
  }

  put(dropId: string, config: object): Promise<Answer> {
    return this.#api.admin('PUT', `drops/${dropId}`, config)
  }

  /** @throws Error unless it is a new drop. */
  async create(dropId: string, config: object): Promise<void> {
    const { status, body } = await this.put(dropId, { name: dropId, ...config })
    if (status !== 201) throw new Error(`no drop: ${status} ${JSON.stringify(body)}`)
  }

  drop(dropId: string): Promise<Answer> {
    return this.#api.request('GET', `/api/v1/drops/${dropId}`)
  }

  claim(dropId: string, { token }: Pick<Visitor, 'token'>): Promise<Answer> {
    return this.#api.request('POST', `/api/v1/drops/${dropId}/claims`, { token })
  }

  mine(dropId: string, { token }: Pick<Visitor, 'token'>): Promise<Answer> {
    return this.#api.request('GET', `/api/v1/drops/${dropId}/claims/me`, { token })
  }

  reconciliation(dropId: string): Promise<Answer> {
    return this.#api.admin('GET', `drops/${dropId}/reconciliation`)
  }

  /** The records as the operator exports them, one object a line. */
  async export(dropId: string): Promise<Record<string, string>[]> {
    const { status, body } = await this.#api.admin('GET', `drops/${dropId}/claims.csv`)
    if (status !== 200) throw new Error(`no export: ${status} ${JSON.stringify(body)}`)
    return rowsOf(String(body))
  }
}

/** CSV whose cells hold no commas and no line ends, as ids, codes and times do. */
function rowsOf(csv: string): Record<string, string>[] {
  const [head = '', ...lines] = csv.trim().split(/\r?\n/)
  const names = head.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']))
  })
}
