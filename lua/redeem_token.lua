#!lua flags=allow-key-locking
--[[ redeem_token: binds a live token to the first session that shows it, and moves the lease to the session's expiry.
  Guarantees: INV-5 (one session redeems a token).
  Idempotent: the same session is told "redeemed" again; the expiry is absolute and never lowered.
  KEYS[1] pool (hash)   KEYS[2] leases (zset)   KEYS[3] tokens (hash)
  ARGV[1] event_id
  ARGV[2] seen_epoch (int 0..)   ARGV[3] seen_version (int 0..)
  ARGV[4] pool_ttl_ms (ms 1..)
  ARGV[5] next_version (int 0..): larger than in every earlier call of the event
  ARGV[6] admission_id
  ARGV[7] session_digest
  ARGV[8] lease_expires_at_ms (ms since 1970)
  Returns: {"redeemed", epoch, version} | {"taken", epoch, version} | {"unknown", epoch, version} | {"lost"}
    "unknown": there is no such lease. "lost" also where a lease has no token: the tokens were lost alone.
  Cost: O(log leases) ]]
-- @include lib/arguments.lua
-- @include lib/generation.lua

local keys = { pool = KEYS[1], leases = KEYS[2], tokens = KEYS[3] }
local event_id = text('event_id', ARGV[1])
local seen_epoch = integer('seen_epoch', ARGV[2], 0, INT_MAX)
local seen_version = integer('seen_version', ARGV[3], 0, INT_MAX)
local pool_ttl_ms = integer('pool_ttl_ms', ARGV[4], 1, MS_MAX)
local next_version = integer('next_version', ARGV[5], 0, INT_MAX)
local admission_id = text('admission_id', ARGV[6])
local session_digest = text('session_digest', ARGV[7])
local lease_expires_at_ms = integer('lease_expires_at_ms', ARGV[8], 0, MS_MAX)
if bad_argument then
  return refusal()
end

local pool = read_pool(keys.pool, keys.leases, event_id)
if is_lost(pool, seen_epoch, seen_version) then
  return { 'lost' }
end

local expiry_ms = tonumber(redis.call('ZSCORE', keys.leases, admission_id))
if not expiry_ms then
  return reply('unknown', pool)
end
local holder = redis.call('HGET', keys.tokens, admission_id)
if not holder then
  return { 'lost' }
end
if holder ~= '' and holder ~= session_digest then
  return reply('taken', pool)
end

redis.call('HSET', keys.tokens, admission_id, session_digest)
redis.call('ZADD', keys.leases, digits(math.max(expiry_ms, lease_expires_at_ms)), admission_id)
commit(pool, keys, event_id, pool_ttl_ms, next_version)
return reply('redeemed', pool)
