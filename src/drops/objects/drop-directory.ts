/** Which drops there are. One object: asked by operators' lists, never by visitors. */
import { DurableObject } from 'cloudflare:workers'
import { migrate, type Migrations } from '../../durable/migrations.ts'
import type { DirectoryApi } from '../ports.ts'

const DIRECTORY_MIGRATIONS: Migrations = [
  `
  CREATE TABLE drops (
    drop_id TEXT PRIMARY KEY
  ) WITHOUT ROWID, STRICT;
  `,
]

export class DropDirectory extends DurableObject<Env> implements DirectoryApi {
  readonly #sql: SqlStorage

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    migrate(ctx.storage, DIRECTORY_MIGRATIONS)
  }

  async add(dropId: string): Promise<void> {
    this.#sql.exec('INSERT INTO drops (drop_id) VALUES (?) ON CONFLICT DO NOTHING', dropId)
  }

  async all(): Promise<string[]> {
    const rows = this.#sql.exec<{ drop_id: string }>('SELECT drop_id FROM drops ORDER BY drop_id').toArray()
    return rows.map((row) => row.drop_id)
  }
}
