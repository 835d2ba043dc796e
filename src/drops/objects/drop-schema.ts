/** The tables of a drop's object. docs/storage.md describes every column. */
import type { Migrations } from '../../durable/migrations.ts'
import { REDIS_ISSUER_SCHEMA } from '../redis/issuer-rows.ts'

export const DROP_MIGRATIONS: Migrations = [
  `
  CREATE TABLE plan (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    strategy TEXT NOT NULL,
    event_id TEXT,
    code_source TEXT NOT NULL,
    stock INTEGER NOT NULL,
    opens_at_ms INTEGER,
    closes_at_ms INTEGER,
    epoch INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    version INTEGER NOT NULL,
    supplied_version INTEGER NOT NULL,
    check_due_at_ms INTEGER,
    created_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE codes (
    position INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE claims (
    position INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE,
    claimed_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE recorded (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL
  ) STRICT;
  INSERT INTO recorded (id, position) VALUES (1, 0);
  CREATE TABLE set_aside (
    position INTEGER PRIMARY KEY,
    attempts INTEGER NOT NULL,
    due_at_ms INTEGER
  ) STRICT;
  `,
  REDIS_ISSUER_SCHEMA,
]
