#!lua flags=allow-key-locking
--[[ check_tokens: what the pool knows of some admissions, and how many leases of the event it holds.
  Guarantees: INV-5 and INV-6 can be reconciled with the ledgers of the lines.
  Idempotent: reads only. Not to be run by EVAL_RO: a replica may answer with an older copy.
  KEYS[1] pool (hash)   KEYS[2] leases (zset)   KEYS[3] tokens (hash)
  ARGV[1] event_id
  ARGV[2] seen_epoch (int 0..)   ARGV[3] seen_version (int 0..)
  ARGV[4..] admission_ids (0..1000)
  Returns: {"checked", epoch, version, lease_count, state...} | {"lost"}
    state, one for each id: "live" | "unknown" | "redeemed:<session_digest>"
    "lost" also where a lease has no token: the tokens were lost alone.
  Cost: O(ids), and O(leases) where the pool holds others than these ]]
-- @include lib/arguments.lua
-- @include lib/generation.lua
-- @include lib/chunks.lua

local keys = { pool = KEYS[1], leases = KEYS[2], tokens = KEYS[3] }
local event_id = text('event_id', ARGV[1])
local seen_epoch = integer('seen_epoch', ARGV[2], 0, INT_MAX)
local seen_version = integer('seen_version', ARGV[3], 0, INT_MAX)
local admission_ids = members_from('admission_ids', 4, 1)
if bad_argument then
  return refusal()
end

local pool = read_pool(keys.pool, keys.leases, event_id)
if is_lost(pool, seen_epoch, seen_version) then
  return { 'lost' }
end

local leases = read_chunked('ZMSCORE', keys.leases, admission_ids)
local holders = read_chunked('HMGET', keys.tokens, admission_ids)
local known = 0
for i = 1, #admission_ids do
  known = known + (leases[i] and 1 or 0)
end

-- An admission's id begins with its event's, and the epoch's marker with neither.
local function leases_of_event()
  local all = redis.call('ZCARD', keys.leases)
  if all - 1 == known then
    return known
  end
  local prefix, count = event_id .. '.', 0
  for first = 0, all - 1, CHUNK_VALUES do
    for _, member in ipairs(redis.call('ZRANGE', keys.leases, first, first + CHUNK_VALUES - 1)) do
      count = count + (string.sub(member, 1, #prefix) == prefix and 1 or 0)
    end
  end
  return count
end

local checked = reply('checked', pool, digits(leases_of_event()))
for i = 1, #admission_ids do
  if not leases[i] then
    checked[#checked + 1] = 'unknown'
  elseif not holders[i] then
    return { 'lost' }
  elseif holders[i] == '' then
    checked[#checked + 1] = 'live'
  else
    checked[#checked + 1] = 'redeemed:' .. holders[i]
  end
end
return checked
