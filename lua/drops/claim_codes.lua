#!lua flags=allow-key-locking
--[[ claim_codes: takes a code for each of these visitors, as long as there are any, and owes their records.
  Guarantees: INV-11 (the codes leave the list, their visitors have them and the records are owed, all in one step).
  Idempotent: who has a code is told so again, at any time, and nothing changes. An empty list is never filled here.
  KEYS[1] drop (hash)   KEYS[2] codes (list)   KEYS[3] outbox (zset)
  ARGV[1] seen_generation (int 0..)   ARGV[2] seen_claimed (int 0..): what the caller was told last, or 0
  ARGV[3..] user_ids (0..1000): in the order in which they are served
  Returns: {"answers", generation, claimed, now_ms, answer...} | {"loading"} | {"lost"}
    An answer for each user_id, in their order: "taken" (at now_ms) | "pending", claimed_at_ms
    | "recorded", claimed_at_ms, code | "sold_out", epoch | "early", opens_at_ms | "late"
    Who is named twice has taken it the first time. The code is told once its record is written. The window is decided by
    this server's clock.
  Cost: O(user_ids * log pending) ]]
-- @include lib/arguments.lua
-- @include lib/chunks.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1], codes = KEYS[2], outbox = KEYS[3] }
local seen_generation = integer('seen_generation', ARGV[1], 0, INT_MAX)
local seen_claimed = integer('seen_claimed', ARGV[2], 0, INT_MAX)
local user_ids = members_from('user_ids', 3, 1)
local members = {}
for i, user_id in ipairs(user_ids) do
  members[i] = member_of(text('user_ids', user_id))
end
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop, members)
local unknown = unknown_reply(drop, seen_generation, seen_claimed)
if unknown then
  return unknown
end

local at_ms = now_ms()
local is_early = drop.opens_at_ms and at_ms < drop.opens_at_ms
local is_late = drop.closes_at_ms and at_ms >= drop.closes_at_ms
local left = (is_early or is_late) and 0 or drop.stock - drop.claimed

local answers = {}
local function answer(...)
  for _, value in ipairs({ ... }) do
    answers[#answers + 1] = value
  end
end

local served, is_served = {}, {}
for i, member in ipairs(members) do
  if drop.claims[i] then
    answer(told_of(drop.claims[i]))
  elseif is_served[member] then
    answer('pending', digits(at_ms))
  elseif #served < left then
    served[#served + 1], is_served[member] = member, true
    answer('taken')
  elseif is_early then
    answer('early', digits(drop.opens_at_ms))
  elseif is_late then
    answer('late')
  else
    answer('sold_out', digits(drop.epoch))
  end
end

if #served > 0 then
  -- Looked at before anything is taken: a loss stays as it is.
  if redis.call('LLEN', keys.codes) ~= left then
    return { 'lost' }
  end
  local codes = redis.call('LPOP', keys.codes, digits(#served))
  drop.claimed = drop.claimed + #served
  local changes, debts = { 'claimed', digits(drop.claimed) }, {}
  for i, member in ipairs(served) do
    changes[2 * i + 1], changes[2 * i + 2] = member, 'p:' .. digits(at_ms) .. ':' .. codes[i]
    debts[2 * i - 1], debts[2 * i] = digits(at_ms), member
  end
  write_chunked('HSET', keys.drop, changes)
  write_chunked('ZADD', keys.outbox, debts)
end

local told = reply('answers', drop, digits(at_ms))
for _, value in ipairs(answers) do
  told[#told + 1] = value
end
return told
