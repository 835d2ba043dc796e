#!lua flags=allow-key-locking
--[[ freeze_drop: begins a new filling. Claims are answered "loading" until open_drop has put it in place.
  Guarantees: INV-11 (no code is taken from a drop that is about to be replaced).
  Idempotent: yes, while nothing of the new filling has been loaded. Each attempt has a generation of its own.
  KEYS[1] drop (hash)   KEYS[2] next drop (hash)   KEYS[3] next codes (list)   KEYS[4] next outbox (zset)
  ARGV[1] generation (int 1..): larger than any before   ARGV[2] ttl_ms (ms 1..)
  Returns: {"frozen", generation, claimed} | {"lost"}
    "lost" when a later one has begun.
  Cost: O(1); the keys of an attempt that came to nothing are freed elsewhere ]]
-- @include lib/arguments.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1], next_drop = KEYS[2], next_codes = KEYS[3], next_outbox = KEYS[4] }
local generation = integer('generation', ARGV[1], 1, INT_MAX)
local ttl_ms = integer('ttl_ms', ARGV[2], 1, MS_MAX)
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop)
if drop.generation and drop.generation >= generation and not is_mine(drop, generation, 'loading') then
  return { 'lost' }
end
redis.call('HSET', keys.drop, 'generation', digits(generation), 'phase', 'loading')
redis.call('PEXPIRE', keys.drop, digits(ttl_ms))
redis.call('UNLINK', keys.next_drop, keys.next_codes, keys.next_outbox)
drop.generation = generation
return reply('frozen', drop)
