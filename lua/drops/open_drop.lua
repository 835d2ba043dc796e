#!lua flags=allow-key-locking
--[[ open_drop: puts a new filling in the place of the old one, once all of it is there.
  Guarantees: INV-11 (the filling has as many codes, claims and owed records as its owner sent, or it is not taken).
  Idempotent: a repeated call changes nothing.
  KEYS[1] drop (hash)   KEYS[2] codes (list)   KEYS[3] outbox (zset)
  KEYS[4] next drop (hash)   KEYS[5] next codes (list)   KEYS[6] next outbox (zset)
  ARGV[1] generation (int 1..)   ARGV[2] ttl_ms (ms 1..)
  ARGV[3] stock (int 0..)   ARGV[4] claimed (int 0..)   ARGV[5] pending (int 0..)   ARGV[6] epoch (int 0..)
  ARGV[7] config_version (int 0..)   ARGV[8] opens_at_ms (ms since 1970, or "none")   ARGV[9] closes_at_ms (likewise)
  Returns: {"open", generation, claimed} | {"lost"}
  Cost: O(1); the old filling is freed elsewhere ]]
-- @include lib/arguments.lua
-- @include drops/lib/drop.lua

local keys = {
  drop = KEYS[1],
  codes = KEYS[2],
  outbox = KEYS[3],
  next_drop = KEYS[4],
  next_codes = KEYS[5],
  next_outbox = KEYS[6],
}
local generation = integer('generation', ARGV[1], 1, INT_MAX)
local ttl_ms = integer('ttl_ms', ARGV[2], 1, MS_MAX)
local stock = integer('stock', ARGV[3], 0, INT_MAX)
local claimed = integer('claimed', ARGV[4], 0, INT_MAX)
local pending = integer('pending', ARGV[5], 0, INT_MAX)
local epoch = integer('epoch', ARGV[6], 0, INT_MAX)
local config_version = integer('config_version', ARGV[7], 0, INT_MAX)
local opens_at_ms = time_argument('opens_at_ms', ARGV[8])
local closes_at_ms = time_argument('closes_at_ms', ARGV[9])
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop)
if is_mine(drop, generation, 'open') then
  return reply('open', drop)
end
local is_complete = is_mine(drop, generation, 'loading')
  and redis.call('LLEN', keys.next_codes) == stock - claimed
  and redis.call('HLEN', keys.next_drop) == claimed
  and redis.call('ZCARD', keys.next_outbox) == pending
if not is_complete then
  return { 'lost' }
end

local fields = { 'generation', digits(generation), 'phase', 'open', 'stock', digits(stock), 'claimed', digits(claimed) }
local config = { 'epoch', digits(epoch), 'configVersion', digits(config_version) }
redis.call('HSET', keys.next_drop, unpack(fields))
redis.call('HSET', keys.next_drop, 'opensAtMs', opens_at_ms, 'closesAtMs', closes_at_ms, unpack(config))
redis.call('ZADD', keys.next_outbox, '+inf', sentinel_of(generation))
redis.call('UNLINK', keys.drop, keys.codes, keys.outbox)
redis.call('RENAME', keys.next_drop, keys.drop)
redis.call('RENAME', keys.next_outbox, keys.outbox)
if stock > claimed then
  redis.call('RENAME', keys.next_codes, keys.codes)
end
keep_alive(keys, ttl_ms)
drop.generation, drop.claimed = generation, claimed
return reply('open', drop)
