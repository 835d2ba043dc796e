#!lua flags=allow-key-locking
--[[ find_claim: what a visitor has claimed.
  Guarantees: INV-11 (the code is told once its record is written).
  Idempotent: changes nothing.
  KEYS[1] drop (hash)
  ARGV[1] user_id
  ARGV[2] seen_generation (int 0..)   ARGV[3] seen_claimed (int 0..): what the caller was told last, or 0
  Returns: {"pending", generation, claimed, claimed_at_ms} | {"recorded", generation, claimed, claimed_at_ms, code}
    | {"none", generation, claimed} | {"loading"} | {"lost"}
  Cost: O(1) ]]
-- @include lib/arguments.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1] }
local user_id = text('user_id', ARGV[1])
local seen_generation = integer('seen_generation', ARGV[2], 0, INT_MAX)
local seen_claimed = integer('seen_claimed', ARGV[3], 0, INT_MAX)
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop, { member_of(user_id) })
local unknown = unknown_reply(drop, seen_generation, seen_claimed)
if unknown then
  return unknown
end
local claim = drop.claims[1]
if not claim then
  return reply('none', drop)
end
local state, claimed_at_ms, code = told_of(claim)
if state == 'recorded' then
  return reply('recorded', drop, claimed_at_ms, code)
end
return reply('pending', drop, claimed_at_ms)
