#!lua flags=allow-key-locking
--[[ load_drop: a part of a new filling: codes that are left, and claims.
  Guarantees: INV-11 (nobody sees a filling before all of it is there: it grows beside the drop).
  Idempotent: no. It is sent once; a filling of which an answer was lost is begun again.
  KEYS[1] drop (hash)   KEYS[2] next drop (hash)   KEYS[3] next codes (list)   KEYS[4] next outbox (zset)
  ARGV[1] generation (int 1..)   ARGV[2] ttl_ms (ms 1..)
  ARGV[3] code_count (int 0..1000): so many codes stand before the claims
  ARGV[4..] codes, claims (0..1000 times user_id, claimed_at_ms, code, due_at_ms or "recorded")
  Returns: {"loaded", generation, claimed} | {"lost"}
  Cost: O(codes + claims * log pending) ]]
-- @include lib/arguments.lua
-- @include lib/chunks.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1], next_drop = KEYS[2], next_codes = KEYS[3], next_outbox = KEYS[4] }
local generation = integer('generation', ARGV[1], 1, INT_MAX)
local ttl_ms = integer('ttl_ms', ARGV[2], 1, MS_MAX)
local code_count = integer('code_count', ARGV[3], 0, MEMBERS_MAX)
local codes, claims, owed = {}, {}, {}
local claim_count = (#ARGV - 3 - code_count) / 4
if claim_count < 0 or claim_count > MEMBERS_MAX or claim_count ~= math.floor(claim_count) then
  bad_argument = bad_argument or 'claims'
  claim_count = 0
end
for i = 4, 3 + code_count do
  codes[#codes + 1] = text('codes', ARGV[i])
end
for i = 0, claim_count - 1 do
  local first = 4 + code_count + 4 * i
  local user_id = text('claims', ARGV[first])
  local claimed_at_ms = integer('claims', ARGV[first + 1], 0, MS_MAX)
  local is_recorded = ARGV[first + 3] == 'recorded'
  local claim = (is_recorded and 'r:' or 'p:') .. digits(claimed_at_ms) .. ':' .. text('claims', ARGV[first + 2])
  claims[#claims + 1], claims[#claims + 2] = member_of(user_id), claim
  if not is_recorded then
    owed[#owed + 1], owed[#owed + 2] = digits(integer('claims', ARGV[first + 3], 0, MS_MAX)), member_of(user_id)
  end
end
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop)
if not is_mine(drop, generation, 'loading') then
  return { 'lost' }
end
write_chunked('RPUSH', keys.next_codes, codes)
write_chunked('HSET', keys.next_drop, claims)
write_chunked('ZADD', keys.next_outbox, owed)
for _, key in ipairs({ keys.next_drop, keys.next_codes, keys.next_outbox }) do
  redis.call('PEXPIRE', key, digits(ttl_ms))
end
return reply('loaded', drop)
