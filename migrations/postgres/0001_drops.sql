-- Drops in PostgreSQL: docs/storage.md describes every column.

-- The records, of whichever strategy.
CREATE TABLE drops (
  drop_id text COLLATE "C" PRIMARY KEY,
  generation bigint NOT NULL
);

-- Once a visitor, once a code: whatever arrives twice is here once.
CREATE TABLE drop_claims (
  drop_id text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  claimed_at_ms bigint NOT NULL,
  PRIMARY KEY (drop_id, user_id),
  CONSTRAINT drop_claims_code UNIQUE (drop_id, code)
);

-- What the strategy skip-locked issues from.
CREATE TABLE drop_stocks (
  drop_id text COLLATE "C" PRIMARY KEY,
  opens_at_ms bigint,
  closes_at_ms bigint,
  epoch bigint NOT NULL,
  version bigint NOT NULL
);

-- The key says nothing about the order, and nothing else is ordered by position: with a key of (drop_id, position) the
-- planner walks that, over every coupon that is gone, and claims get slower with each one (docs/drops.md).
CREATE TABLE drop_coupons (
  coupon_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  drop_id text COLLATE "C" NOT NULL,
  position integer NOT NULL,
  code text COLLATE "C" NOT NULL,
  user_id text COLLATE "C",
  CONSTRAINT drop_coupons_code UNIQUE (drop_id, code)
);
CREATE INDEX drop_coupons_free ON drop_coupons (drop_id, position) WHERE user_id IS NULL;
