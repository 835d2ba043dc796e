#!lua flags=allow-key-locking
--[[ take_outbox: the claims whose record is due, due again after a while, and how the drop stands.
  Guarantees: INV-11 (a claim stays owed until its record is confirmed; what is stored adds up, or it is lost).
  Idempotent: no. What is taken is given again after resend_ms, unless it was confirmed; nothing is lost with an answer.
  KEYS[1] drop (hash)   KEYS[2] codes (list)   KEYS[3] outbox (zset)
  ARGV[1] generation (int 1..)   ARGV[2] seen_claimed (int 0..): the largest that the owner was told in it
  ARGV[3] ttl_ms (ms 1..)   ARGV[4] resend_ms (ms 1..)   ARGV[5] limit (int 0..1000)
  Returns: {"outbox", generation, claimed, stock, epoch, config_version, pending, parked, (user_id, claimed_at_ms, code)...} | {"lost"}
    `pending` counts the parked as well. `stock - claimed` codes are left.
  Cost: O(limit * log pending) ]]
-- @include lib/arguments.lua
-- @include lib/chunks.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1], codes = KEYS[2], outbox = KEYS[3] }
local generation = integer('generation', ARGV[1], 1, INT_MAX)
local seen_claimed = integer('seen_claimed', ARGV[2], 0, INT_MAX)
local ttl_ms = integer('ttl_ms', ARGV[3], 1, MS_MAX)
local resend_ms = integer('resend_ms', ARGV[4], 1, MS_MAX)
local limit = integer('limit', ARGV[5], 0, MEMBERS_MAX)
if bad_argument then
  return refusal()
end

-- Every owed claim is in the hash: a row without one is what is left of a hash that was lost.
local function claims_of(members)
  local claims = {}
  for i, claim in ipairs(read_chunked('HMGET', keys.drop, members)) do
    if not claim then
      return nil
    end
    local _, claimed_at_ms, code = claim_parts(claim)
    claims[#claims + 1], claims[#claims + 2], claims[#claims + 3] = user_of(members[i]), claimed_at_ms, code
  end
  return claims
end

local function postpone(members, due_at_ms)
  local rows = {}
  for i, member in ipairs(members) do
    rows[2 * i - 1], rows[2 * i] = digits(due_at_ms), member
  end
  write_chunked('ZADD', keys.outbox, rows)
end

local drop = read_drop(keys.drop)
local is_whole = is_mine(drop, generation, 'open')
  and drop.claimed >= seen_claimed
  and redis.call('LLEN', keys.codes) == drop.stock - drop.claimed
  and redis.call('ZSCORE', keys.outbox, sentinel_of(generation))
if not is_whole then
  return { 'lost' }
end

local at_ms = now_ms()
local due = {}
if limit > 0 then
  due = redis.call('ZRANGEBYSCORE', keys.outbox, '-inf', digits(at_ms), 'LIMIT', 0, limit)
end
local claims = claims_of(due)
if not claims then
  return { 'lost' }
end
postpone(due, at_ms + resend_ms)
keep_alive(keys, ttl_ms)
local pending = redis.call('ZCARD', keys.outbox) - 1
local parked = redis.call('ZCOUNT', keys.outbox, digits(PARKED_MS), digits(PARKED_MS))
local answer = reply('outbox', drop)
for _, number in ipairs({ drop.stock, drop.epoch, drop.config_version, pending, parked }) do
  answer[#answer + 1] = digits(number)
end
for _, value in ipairs(claims) do
  answer[#answer + 1] = value
end
return answer
