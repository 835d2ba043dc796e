#!lua flags=allow-key-locking
--[[ reserve_leases: gives the first n members of a batch a lease each, in the order of the line.
  Guarantees: INV-1 (n fits capacity and rate), INV-2 (a prefix is granted), INV-5 (a new token is unredeemed).
  Idempotent: the same batch_id gets the same grant again and changes nothing. A call that was overtaken by a later batch of
    its event (its told_version is older than that batch) is lost: it cannot bring back leases that have ended. seen_version
    would not show it: it may count on calls of the same turn, which have just run late themselves.
  KEYS[1] pool (hash)   KEYS[2] leases (zset)   KEYS[3] tokens (hash)
  ARGV[1] event_id
  ARGV[2] seen_epoch (int 0..)   ARGV[3] seen_version (int 0..)
  ARGV[4] pool_ttl_ms (ms 1..)
  ARGV[5] next_version (int 0..): larger than in every earlier call of the event
  ARGV[6] now_ms (ms since 1970)
  ARGV[7] batch_id   ARGV[8] told_version (int 0..): what the event had been told by a reply when it sent this call
  ARGV[9] lease_expires_at_ms (ms since 1970)
  ARGV[10] capacity (int 0..)   ARGV[11] rate (int 1.. per minute, or "none")   ARGV[12] config_version (int 0..)
  ARGV[13] orphan_lease_ms (ms 0..): a lease this long past its expiry has no owner and is dropped
  ARGV[14..] admission_ids (0..1000)
  Returns: {"granted", epoch, version, n, free_after} | {"recovering", epoch, version} | {"lost"}
    "lost" also for an event that has not asserted all its leases in this epoch.
  Cost: O((n + orphans) * log leases); at most 1000 of each ]]
-- @include lib/arguments.lua
-- @include lib/generation.lua
-- @include lib/chunks.lua
-- @include lib/rate.lua
-- @include lib/config.lua

local keys = { pool = KEYS[1], leases = KEYS[2], tokens = KEYS[3] }
local event_id = text('event_id', ARGV[1])
local seen_epoch = integer('seen_epoch', ARGV[2], 0, INT_MAX)
local seen_version = integer('seen_version', ARGV[3], 0, INT_MAX)
local pool_ttl_ms = integer('pool_ttl_ms', ARGV[4], 1, MS_MAX)
local next_version = integer('next_version', ARGV[5], 0, INT_MAX)
local now_ms = integer('now_ms', ARGV[6], 0, MS_MAX)
local batch_id = text('batch_id', ARGV[7])
local told_version = integer('told_version', ARGV[8], 0, INT_MAX)
local lease_expires_at_ms = integer('lease_expires_at_ms', ARGV[9], 0, MS_MAX)
local offered = {
  capacity = integer('capacity', ARGV[10], 0, INT_MAX),
  rate = rate_argument('rate', ARGV[11]),
  version = integer('config_version', ARGV[12], 0, INT_MAX),
}
local orphan_lease_ms = integer('orphan_lease_ms', ARGV[13], 0, MS_MAX)
local admission_ids = members_from('admission_ids', 14, 1)
if bad_argument then
  return refusal()
end

-- The batch that this event asked for last, as "batch_id:granted:version".
local function last_batch(stored)
  local id, granted, version = (stored or ''):match('^(.+):(%d+):(%d+)$')
  return { id = id, granted = granted, version = tonumber(version) or 0 }
end

-- Leases whose owner has forgotten them. Nothing else ends a lease here: clocks of callers jump.
local function drop_orphans()
  local latest = digits(math.max(0, now_ms - orphan_lease_ms))
  local orphans = redis.call('ZRANGEBYSCORE', keys.leases, '-inf', latest, 'LIMIT', 0, MEMBERS_MAX)
  write_chunked('ZREM', keys.leases, orphans)
  write_chunked('HDEL', keys.tokens, orphans)
end

local function free_of(capacity)
  local leases = redis.call('ZCARD', keys.leases) - 1
  return math.max(0, capacity - leases)
end

local function add_leases(count)
  local leases, tokens = {}, {}
  for i = 1, count do
    leases[2 * i - 1], leases[2 * i] = digits(lease_expires_at_ms), admission_ids[i]
    tokens[2 * i - 1], tokens[2 * i] = admission_ids[i], ''
  end
  write_chunked('ZADD', keys.leases, leases)
  write_chunked('HSET', keys.tokens, tokens)
end

local pool = read_pool(keys.pool, keys.leases, event_id)
if is_lost(pool, seen_epoch, seen_version) or not pool.asserted then
  return { 'lost' }
end
local batch_field = 'batch:' .. event_id
local stored = redis.call('HMGET', keys.pool, batch_field, 'tatMs')
local batch = last_batch(stored[1])
if batch.id ~= batch_id and told_version < batch.version then
  return { 'lost' }
end

local config, config_changed = newest_config(keys.pool, offered)
local changes = config_changed and config_fields(config) or {}
if pool.phase ~= 'open' or batch.id == batch_id then
  if config_changed then
    commit(pool, keys, event_id, pool_ttl_ms, next_version, changes)
  end
  if pool.phase ~= 'open' then
    return reply('recovering', pool)
  end
  return reply('granted', pool, batch.granted, digits(free_of(config.capacity)))
end

drop_orphans()
local granted = math.min(#admission_ids, free_of(config.capacity))
if config.rate ~= NO_RATE then
  local tat
  granted, tat = allowance(stored[2], config.rate, now_ms, granted)
  changes[#changes + 1], changes[#changes + 2] = 'tatMs', tat
end
add_leases(granted)
changes[#changes + 1] = batch_field
changes[#changes + 1] = batch_id .. ':' .. digits(granted) .. ':' .. digits(version_after(pool, next_version))
commit(pool, keys, event_id, pool_ttl_ms, next_version, changes)
return reply('granted', pool, digits(granted), digits(free_of(config.capacity)))
