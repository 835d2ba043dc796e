/** The tables of one event's line. docs/storage.md describes them; a row is never changed outside line-storage.ts. */
import { OUTBOX_SCHEMA } from '../outbound/outbox.ts'
import type { Migrations } from './migrations.ts'

export const LINE_MIGRATIONS: Migrations = [
  `
  CREATE TABLE event (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    record TEXT NOT NULL,
    rate_tat_ms REAL NOT NULL DEFAULT 0
  );
  CREATE TABLE places (
    join_number INTEGER PRIMARY KEY,
    number INTEGER,
    user_id TEXT NOT NULL,
    state TEXT NOT NULL,
    joined_at_ms INTEGER NOT NULL,
    absent_since_ms INTEGER,
    ended_at_ms INTEGER,
    admission_id TEXT
  );
  CREATE INDEX places_by_user ON places (user_id, join_number);
  CREATE TABLE admissions (
    admission_id TEXT PRIMARY KEY,
    join_number INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    pool TEXT NOT NULL,
    state TEXT NOT NULL,
    token TEXT NOT NULL,
    token_expires_at_ms INTEGER NOT NULL,
    joined_at_ms INTEGER NOT NULL,
    admitted_at_ms INTEGER NOT NULL,
    redeemed_at_ms INTEGER,
    session_digest TEXT,
    lease_expires_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    outcome TEXT,
    debt TEXT
  );
  CREATE INDEX admissions_by_time ON admissions (admitted_at_ms);
  CREATE INDEX admissions_to_watch ON admissions (admission_id) WHERE state <> 'ended' OR debt IS NOT NULL;
  CREATE TABLE batches (
    batch_id TEXT PRIMARY KEY,
    pool TEXT NOT NULL,
    chosen_at_ms INTEGER NOT NULL,
    members TEXT NOT NULL
  );
  CREATE TABLE pool_views (
    pool TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL
  );
  `,
  // The forgotten columns say what the totals would lose with the rows that are deleted.
  `
  ALTER TABLE event ADD COLUMN
    forgotten_joins INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE event ADD COLUMN
    forgotten_admitted INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE event ADD COLUMN
    forgotten_serving INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX places_by_end ON places (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
  CREATE INDEX admissions_by_end ON admissions (ended_at_ms) WHERE ended_at_ms IS NOT NULL AND debt IS NULL;
  `,
  // Each row has the samples that were saved together: one row a minute while something happens.
  `
  CREATE TABLE series (
    from_ms INTEGER PRIMARY KEY,
    samples TEXT NOT NULL
  );
  `,
  OUTBOX_SCHEMA,
]
