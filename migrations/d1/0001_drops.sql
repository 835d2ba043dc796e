-- The records of drops: docs/storage.md describes every column.

CREATE TABLE drops (
  drop_id TEXT PRIMARY KEY,
  generation INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- Once a visitor, once a code: whatever arrives twice is here once.
CREATE TABLE drop_claims (
  drop_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  code TEXT NOT NULL,
  claimed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (drop_id, user_id),
  UNIQUE (drop_id, code)
) WITHOUT ROWID, STRICT;
