/** The tables of a seat office. docs/storage.md describes every column. */
import type { Migrations } from '../../durable/migrations.ts'
import { DESK_SCHEMA } from '../payments/desk-rows.ts'

export const OFFICE_MIGRATIONS: Migrations = [
  `
  CREATE TABLE office (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    map_version INTEGER NOT NULL
  ) STRICT;
  INSERT INTO office (id, map_version) VALUES (1, 0);
  CREATE TABLE seats (
    seat_id TEXT PRIMARY KEY,
    ordinal INTEGER NOT NULL,
    section TEXT NOT NULL,
    row INTEGER NOT NULL,
    number INTEGER NOT NULL,
    price INTEGER NOT NULL,
    state TEXT NOT NULL,
    reservation_id TEXT
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE reservations (
    reservation_id TEXT PRIMARY KEY,
    operation_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    admission_id TEXT NOT NULL,
    seat_ids TEXT NOT NULL,
    amount INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    hold_ends_at_ms INTEGER NOT NULL,
    payment_id TEXT
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX reservations_by_operation ON reservations (operation_id, created_at_ms);
  CREATE INDEX reservations_by_admission ON reservations (admission_id)
    WHERE state IN ('held', 'paying', 'stuck', 'paid');
  CREATE INDEX reservations_held ON reservations (hold_ends_at_ms) WHERE state = 'held';
  CREATE INDEX reservations_unpaid ON reservations (created_at_ms)
    WHERE payment_id IS NULL AND state IN ('expired', 'cancelled');
  CREATE TABLE payments (
    payment_id TEXT PRIMARY KEY,
    reservation_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    method TEXT NOT NULL,
    amount INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    deadline_at_ms INTEGER NOT NULL,
    reference TEXT,
    checkout_url TEXT
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX payments_by_reservation ON payments (reservation_id, created_at_ms);
  CREATE TABLE errands (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    due_at_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
  ) WITHOUT ROWID, STRICT;
  `,
  `
  ${DESK_SCHEMA}
  CREATE INDEX payments_by_state ON payments (state, created_at_ms) WHERE state IN ('stuck', 'refund_due');
  `,
  `
  CREATE TABLE operations (
    operation_id TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    answer TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX operations_by_age ON operations (at_ms);
  DROP INDEX reservations_by_operation;
  ALTER TABLE reservations DROP COLUMN operation_id;
  `,
]
