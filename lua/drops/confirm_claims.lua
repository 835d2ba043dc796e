#!lua flags=allow-key-locking
--[[ confirm_claims: the records of these claims are written: they are not owed any more, and their codes may be told.
  Guarantees: INV-11 (what is recorded is never taken back).
  Idempotent: a repeated call changes nothing.
  KEYS[1] drop (hash)   KEYS[2] outbox (zset)
  ARGV[1] generation (int 1..)
  ARGV[2..] claims (0..1000 times user_id, code): as they are recorded
  Returns: {"done", generation, claimed, diverging} | {"lost"}
    `diverging` are recorded as something else than what is stored: the drop has lost writes.
  Cost: O(claims * log pending) ]]
-- @include lib/arguments.lua
-- @include lib/chunks.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1], outbox = KEYS[2] }
local generation = integer('generation', ARGV[1], 1, INT_MAX)
local recorded = members_from('claims', 2, 2)
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop)
if not is_mine(drop, generation, 'open') then
  return { 'lost' }
end

local members, confirmed = {}, {}
for i = 1, #recorded, 2 do
  members[#members + 1] = member_of(recorded[i])
end
local diverging, changes = 0, {}
for i, claim in ipairs(read_chunked('HMGET', keys.drop, members)) do
  local code = recorded[2 * i]
  local state, claimed_at_ms, stored_code
  if claim then
    state, claimed_at_ms, stored_code = claim_parts(claim)
  end
  if stored_code ~= code then
    diverging = diverging + 1
  elseif state == 'p' then
    changes[#changes + 1], changes[#changes + 2] = members[i], 'r:' .. claimed_at_ms .. ':' .. code
    confirmed[#confirmed + 1] = members[i]
  end
end
write_chunked('HSET', keys.drop, changes)
write_chunked('ZREM', keys.outbox, confirmed)
return reply('done', drop, digits(diverging))
