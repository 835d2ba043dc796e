#!lua flags=allow-key-locking
--[[ reassert_leases: one line says which leases of its event are alive; a pool that was lost is rebuilt from that.
  Guarantees: INV-1 (nothing is granted before every member has spoken or its leases have expired), INV-5 (a redemption
    is never forgotten), INV-6 (a list that was overtaken brings no lease back), INV-12.
  Idempotent: leases are absolute, and a list is taken only from a caller who knows the pool's present epoch and version.
    Any other call takes nothing of its list and is told the present: the event sends its list again, from the first part
    on. A new epoch is begun once: whoever repeats the call that began it does not know the present any more.
  KEYS[1] pool (hash)   KEYS[2] leases (zset)   KEYS[3] tokens (hash)
  ARGV[1] event_id
  ARGV[2] seen_epoch (int 0..)   ARGV[3] seen_version (int 0..)
  ARGV[4] pool_ttl_ms (ms 1..)
  ARGV[5] next_version (int 0..): larger than in every earlier call of the event
  ARGV[6] now_ms (ms since 1970)
  ARGV[7] final ("0" | "1"): no more parts follow
  ARGV[8] start_epoch ("0" | "1"): the caller saw that the pool is wrong; in the first part only
  ARGV[9] longest_lease_ms (ms 0..): after that the pool opens without those who stayed silent
  ARGV[10] capacity (int 0..)   ARGV[11] rate (int 1.. per minute, or "none")   ARGV[12] config_version (int 0..)
  ARGV[13] member_count (int 1..1000)
  ARGV[14..] members, then leases: member_count event ids, then 0..1000 triples of
    admission_id, lease_expires_at_ms (ms since 1970), session_digest ("" until redeemed)
  Returns: {"open", epoch, version} | {"recovering", epoch, version, missing_event_id...} | {"again", epoch, version}
  Cost: O(members + triples * log leases); a new epoch also frees the old keys ]]
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
local final = integer('final', ARGV[7], 0, 1) == 1
local start_epoch = integer('start_epoch', ARGV[8], 0, 1) == 1
local longest_lease_ms = integer('longest_lease_ms', ARGV[9], 0, MS_MAX)
local offered = {
  capacity = integer('capacity', ARGV[10], 0, INT_MAX),
  rate = rate_argument('rate', ARGV[11]),
  version = integer('config_version', ARGV[12], 0, INT_MAX),
}
local member_count = integer('member_count', ARGV[13], 1, MEMBERS_MAX)
local members = {}
for i = 1, member_count do
  members[i] = text('members', ARGV[13 + i])
end
local triples = members_from('leases', 14 + member_count, 3)
local scores, admission_ids, digests = {}, {}, {}
for i = 1, #triples / 3 do
  admission_ids[i] = text('admission_id', triples[3 * i - 2])
  scores[2 * i - 1] = digits(integer('lease_expires_at_ms', triples[3 * i - 1], 0, MS_MAX))
  scores[2 * i] = admission_ids[i]
  digests[i] = triples[3 * i]
end
if bad_argument then
  return refusal()
end

-- A pool that was in use before has an unknown part of its rate behind it; one that nobody has seen yet has none.
local function spend_rate_if_used(config, was_used)
  if config.rate == NO_RATE then
    return
  end
  redis.call('HSET', keys.pool, 'tatMs', was_used and spent_tat(config.rate, now_ms) or '0')
end

local function begin_epoch(pool, config)
  local was_used = pool.epoch ~= nil or seen_epoch > 0
  pool.epoch = math.max(pool.epoch or 0, seen_epoch) + 1
  pool.version = math.max(pool.version, seen_version)
  pool.phase = 'recovering'
  pool.asserted = false
  pool.recover_by_ms = now_ms + longest_lease_ms
  redis.call('DEL', keys.pool, keys.leases, keys.tokens)
  redis.call('ZADD', keys.leases, '+inf', 'epoch:' .. digits(pool.epoch))
  local fields = { 'epoch', digits(pool.epoch), 'phase', pool.phase, 'recoverByMs', digits(pool.recover_by_ms) }
  redis.call('HSET', keys.pool, unpack(fields))
  spend_rate_if_used(config, was_used)
end

-- The list is the truth, but for a redemption whose answer the line never got: that one stays.
local function add_leases()
  local held = read_chunked('HMGET', keys.tokens, admission_ids)
  local tokens = {}
  for i = 1, #admission_ids do
    tokens[2 * i - 1] = admission_ids[i]
    tokens[2 * i] = digests[i] ~= '' and digests[i] or held[i] or ''
  end
  write_chunked('ZADD', keys.leases, scores)
  write_chunked('HSET', keys.tokens, tokens)
end

local function missing_members(asserted_now)
  local fields = {}
  for i = 1, member_count do
    fields[i] = 'asserted:' .. members[i]
  end
  local asserted = read_chunked('HMGET', keys.pool, fields)
  local missing = {}
  for i = 1, member_count do
    if not asserted[i] and not (asserted_now and members[i] == event_id) then
      missing[#missing + 1] = members[i]
    end
  end
  return missing
end

local pool = read_pool(keys.pool, keys.leases, event_id)
local config, config_changed = newest_config(keys.pool, offered)
local knows_version = pool.version == seen_version
-- Versions of an event grow over epochs too: an epoch that somebody else began has none of this event, or newer ones.
local is_present = pool.epoch == seen_epoch or pool.version > 0
local regressed = is_present and pool.version < seen_version
  or pool.epoch == seen_epoch and start_epoch and knows_version
if not pool.whole or pool.epoch < seen_epoch or regressed then
  begin_epoch(pool, config)
  -- This call may be late itself, and its list with it.
  commit(pool, keys, event_id, pool_ttl_ms, next_version, config_fields(config))
  return reply('again', pool)
end
if pool.phase == 'recovering' and seen_epoch > 0 and seen_epoch ~= pool.epoch then
  spend_rate_if_used(config, true)
end
if not knows_version or seen_epoch ~= pool.epoch then
  return reply('again', pool)
end
pool.recover_by_ms = tonumber(redis.call('HGET', keys.pool, 'recoverByMs')) or 0
add_leases()

local changes = config_changed and config_fields(config) or {}
if final then
  changes[#changes + 1], changes[#changes + 2] = 'asserted:' .. event_id, '1'
end
local missing = missing_members(final)
if pool.phase == 'recovering' and (#missing == 0 or now_ms >= pool.recover_by_ms) then
  pool.phase = 'open'
  changes[#changes + 1], changes[#changes + 2] = 'phase', 'open'
end
commit(pool, keys, event_id, pool_ttl_ms, next_version, changes)
if pool.phase == 'open' and (final or pool.asserted) then
  return reply('open', pool)
end
return reply('recovering', pool, unpack(missing))
