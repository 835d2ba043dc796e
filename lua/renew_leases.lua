#!lua flags=allow-key-locking
--[[ renew_leases: moves the expiry of leases that exist; a lease that has ended stays ended.
  Guarantees: INV-6 (an ended lease is not brought back).
  Idempotent: expiries are absolute and never lowered, so a repeated or late call changes nothing.
  KEYS[1] pool (hash)   KEYS[2] leases (zset)   KEYS[3] tokens (hash): only kept alive
  ARGV[1] event_id
  ARGV[2] seen_epoch (int 0..)   ARGV[3] seen_version (int 0..)
  ARGV[4] pool_ttl_ms (ms 1..)
  ARGV[5] next_version (int 0..): larger than in every earlier call of the event
  ARGV[6..] leases (0..1000 pairs): admission_id, lease_expires_at_ms (ms since 1970)
  Returns: {"done", epoch, version, found} | {"lost"}
  Cost: O(pairs * log leases) ]]
-- @include lib/arguments.lua
-- @include lib/generation.lua
-- @include lib/chunks.lua

local keys = { pool = KEYS[1], leases = KEYS[2], tokens = KEYS[3] }
local event_id = text('event_id', ARGV[1])
local seen_epoch = integer('seen_epoch', ARGV[2], 0, INT_MAX)
local seen_version = integer('seen_version', ARGV[3], 0, INT_MAX)
local pool_ttl_ms = integer('pool_ttl_ms', ARGV[4], 1, MS_MAX)
local next_version = integer('next_version', ARGV[5], 0, INT_MAX)
local pairs_given = members_from('leases', 6, 2)
local admission_ids, expiries = {}, {}
for i = 1, #pairs_given / 2 do
  admission_ids[i] = pairs_given[2 * i - 1]
  expiries[i] = integer('lease_expires_at_ms', pairs_given[2 * i], 0, MS_MAX)
end
if bad_argument then
  return refusal()
end

local pool = read_pool(keys.pool, keys.leases, event_id)
if is_lost(pool, seen_epoch, seen_version) then
  return { 'lost' }
end

local current = read_chunked('ZMSCORE', keys.leases, admission_ids)
local found, raised = 0, {}
for i = 1, #admission_ids do
  local expiry_ms = tonumber(current[i])
  if expiry_ms then
    found = found + 1
    if expiry_ms < expiries[i] then
      raised[#raised + 1] = digits(expiries[i])
      raised[#raised + 1] = admission_ids[i]
    end
  end
end
write_chunked('ZADD', keys.leases, raised)
commit(pool, keys, event_id, pool_ttl_ms, next_version)
return reply('done', pool, digits(found))
