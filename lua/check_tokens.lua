#!lua flags=allow-key-locking
--[[ check_tokens: what the pool knows of some admissions, and how many leases it holds.
  Guarantees: INV-5 and INV-6 can be reconciled with the ledgers of the lines.
  Idempotent: reads only. Not to be run by EVAL_RO: a replica may answer with an older copy.
  KEYS[1] pool (hash)   KEYS[2] leases (zset)   KEYS[3] tokens (hash)
  ARGV[1] event_id
  ARGV[2] seen_epoch (int 0..)   ARGV[3] seen_version (int 0..)
  ARGV[4..] admission_ids (0..1000)
  Returns: {"checked", epoch, version, lease_count, state...} | {"lost"}
    state, one for each id: "live" | "unknown" | "redeemed:<session_digest>"
    "lost" also where a lease has no token: the tokens were lost alone.
  Cost: O(ids) ]]
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
local checked = reply('checked', pool, digits(redis.call('ZCARD', keys.leases) - 1))
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
