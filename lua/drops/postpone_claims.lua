#!lua flags=allow-key-locking
--[[ postpone_claims: says when the records of these claims are due.
  Guarantees: INV-11 (nothing is added to the outbox and nothing leaves it).
  Idempotent: a repeated call sets the same time.
  KEYS[1] drop (hash)   KEYS[2] outbox (zset)
  ARGV[1] generation (int 1..)   ARGV[2] due_at_ms (ms since 1970; 9000000000000: parked, due at no time)
  ARGV[3..] user_ids (0..1000)
  Returns: {"done", generation, claimed} | {"lost"}
  Cost: O(user_ids * log pending) ]]
-- @include lib/arguments.lua
-- @include lib/chunks.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1], outbox = KEYS[2] }
local generation = integer('generation', ARGV[1], 1, INT_MAX)
local due_at_ms = integer('due_at_ms', ARGV[2], 0, MS_MAX)
local user_ids = members_from('user_ids', 3, 1)
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop)
if not is_mine(drop, generation, 'open') then
  return { 'lost' }
end

local members, rows = {}, {}
for i, user_id in ipairs(user_ids) do
  members[i] = member_of(user_id)
end
for i, owed_at_ms in ipairs(read_chunked('ZMSCORE', keys.outbox, members)) do
  if owed_at_ms then
    rows[#rows + 1], rows[#rows + 2] = digits(due_at_ms), members[i]
  end
end
write_chunked('ZADD', keys.outbox, rows)
return reply('done', drop)
