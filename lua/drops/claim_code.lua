#!lua flags=allow-key-locking
--[[ claim_code: takes a code for a visitor, and owes its record.
  Guarantees: INV-11 (the code leaves the list, the visitor has it and its record is owed, all in one step).
  Idempotent: who has a code is told so again, at any time, and nothing changes. An empty list is never filled here.
  KEYS[1] drop (hash)   KEYS[2] codes (list)   KEYS[3] outbox (zset)
  ARGV[1] user_id
  ARGV[2] seen_generation (int 0..)   ARGV[3] seen_claimed (int 0..): what the caller was told last, or 0
  Returns: {"taken", generation, claimed, claimed_at_ms} | {"pending", generation, claimed, claimed_at_ms}
    | {"recorded", generation, claimed, claimed_at_ms, code} | {"sold_out", generation, claimed, epoch}
    | {"early", generation, claimed, opens_at_ms} | {"late", generation, claimed} | {"loading"} | {"lost"}
    The code is told once its record is written. The window is decided by this server's clock.
  Cost: O(1); O(log pending) for a new claim ]]
-- @include lib/arguments.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1], codes = KEYS[2], outbox = KEYS[3] }
local user_id = text('user_id', ARGV[1])
local seen_generation = integer('seen_generation', ARGV[2], 0, INT_MAX)
local seen_claimed = integer('seen_claimed', ARGV[3], 0, INT_MAX)
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop, user_id)
local known = known_reply(drop, seen_generation, seen_claimed)
if known then
  return known
end

local at_ms = now_ms()
if drop.opens_at_ms and at_ms < drop.opens_at_ms then
  return reply('early', drop, digits(drop.opens_at_ms))
end
if drop.closes_at_ms and at_ms >= drop.closes_at_ms then
  return reply('late', drop)
end
if drop.claimed >= drop.stock then
  return reply('sold_out', drop, digits(drop.epoch))
end

local code = redis.call('LPOP', keys.codes)
if not code then
  return { 'lost' }
end
drop.claimed = drop.claimed + 1
local claim = 'p:' .. digits(at_ms) .. ':' .. code
redis.call('HSET', keys.drop, 'claimed', digits(drop.claimed), member_of(user_id), claim)
redis.call('ZADD', keys.outbox, digits(at_ms), member_of(user_id))
return reply('taken', drop, digits(at_ms))
