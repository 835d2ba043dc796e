#!lua flags=allow-key-locking
--[[ release_leases: ends leases, with their tokens; each slot is free from now on.
  Guarantees: INV-6 (a slot comes back once: the lease is removed by its id, and nothing is counted up).
  Idempotent: a repeated call removes 0 more.
  KEYS[1] pool (hash)   KEYS[2] leases (zset)   KEYS[3] tokens (hash)
  ARGV[1] event_id
  ARGV[2] seen_epoch (int 0..)   ARGV[3] seen_version (int 0..)
  ARGV[4] pool_ttl_ms (ms 1..)
  ARGV[5] next_version (int 0..): larger than in every earlier call of the event
  ARGV[6..] admission_ids (0..1000)
  Returns: {"done", epoch, version, removed} | {"lost"}
  Cost: O(ids * log leases) ]]
-- @include lib/arguments.lua
-- @include lib/generation.lua
-- @include lib/chunks.lua

local keys = { pool = KEYS[1], leases = KEYS[2], tokens = KEYS[3] }
local event_id = text('event_id', ARGV[1])
local seen_epoch = integer('seen_epoch', ARGV[2], 0, INT_MAX)
local seen_version = integer('seen_version', ARGV[3], 0, INT_MAX)
local pool_ttl_ms = integer('pool_ttl_ms', ARGV[4], 1, MS_MAX)
local next_version = integer('next_version', ARGV[5], 0, INT_MAX)
local admission_ids = members_from('admission_ids', 6, 1)
if bad_argument then
  return refusal()
end

local pool = read_pool(keys.pool, keys.leases, event_id)
if is_lost(pool, seen_epoch, seen_version) then
  return { 'lost' }
end

local removed = write_chunked('ZREM', keys.leases, admission_ids)
write_chunked('HDEL', keys.tokens, admission_ids)
commit(pool, keys, event_id, pool_ttl_ms, next_version)
return reply('done', pool, digits(removed))
