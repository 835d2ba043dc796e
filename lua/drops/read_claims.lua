#!lua flags=allow-key-locking
--[[ read_claims: what is stored of the drop's claims, a part at a time.
  Guarantees: INV-11 (every claim that was there before the first part is in one of them).
  Idempotent: changes nothing.
  KEYS[1] drop (hash)
  ARGV[1] generation (int 1..)   ARGV[2] cursor (int 0..): 0, then what the last answer said   ARGV[3] count (int 1..1000)
  Returns: {"claims", generation, claimed, cursor, (user_id, claimed_at_ms, code, state)...} | {"lost"}
    A cursor of 0 ends it. A claim may come twice. state: "p" pending, "r" recorded.
  Cost: O(count) ]]
-- @include lib/arguments.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1] }
local generation = integer('generation', ARGV[1], 1, INT_MAX)
local cursor = ARGV[2]
if not cursor or not cursor:find('^%d+$') then
  bad_argument = bad_argument or 'cursor'
end
local count = integer('count', ARGV[3], 1, MEMBERS_MAX)
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop)
if drop.generation ~= generation then
  return { 'lost' }
end
local page = redis.call('HSCAN', keys.drop, cursor, 'COUNT', digits(count))
local answer = reply('claims', drop, page[1])
for i = 1, #page[2], 2 do
  local user_id = user_of(page[2][i])
  if user_id then
    local state, claimed_at_ms, code = claim_parts(page[2][i + 1])
    answer[#answer + 1], answer[#answer + 2] = user_id, claimed_at_ms
    answer[#answer + 1], answer[#answer + 2] = code, state
  end
end
return answer
