#!lua flags=allow-key-locking
--[[ change_drop: what the operator has changed: the window, and codes that come on top.
  Guarantees: INV-11 (a code comes in once: it is known by its place among the codes).
  Idempotent: a repeated call changes nothing, nor does one that was overtaken by a later change.
  KEYS[1] drop (hash)   KEYS[2] codes (list)   KEYS[3] outbox (zset)
  ARGV[1] generation (int 1..)   ARGV[2] ttl_ms (ms 1..)
  ARGV[3] config_version (int 0..)   ARGV[4] opens_at_ms (ms since 1970, or "none")   ARGV[5] closes_at_ms (likewise)
  ARGV[6] epoch (int 0..): of the stock with these codes   ARGV[7] stock_before (int 0..): how many codes came before them
  ARGV[8..] codes (0..1000)
  Returns: {"changed", generation, claimed, stock} | {"lost"}
    `stock` other than stock_before and the codes together: they have to be sent again from there on.
  Cost: O(codes) ]]
-- @include lib/arguments.lua
-- @include lib/chunks.lua
-- @include drops/lib/drop.lua

local keys = { drop = KEYS[1], codes = KEYS[2], outbox = KEYS[3] }
local generation = integer('generation', ARGV[1], 1, INT_MAX)
local ttl_ms = integer('ttl_ms', ARGV[2], 1, MS_MAX)
local config_version = integer('config_version', ARGV[3], 0, INT_MAX)
local opens_at_ms = time_argument('opens_at_ms', ARGV[4])
local closes_at_ms = time_argument('closes_at_ms', ARGV[5])
local epoch = integer('epoch', ARGV[6], 0, INT_MAX)
local stock_before = integer('stock_before', ARGV[7], 0, INT_MAX)
local codes = members_from('codes', 8, 1)
if bad_argument then
  return refusal()
end

local drop = read_drop(keys.drop)
if not is_mine(drop, generation, 'open') then
  return { 'lost' }
end
local changes = {}
if drop.config_version < config_version then
  changes = { 'configVersion', digits(config_version), 'opensAtMs', opens_at_ms, 'closesAtMs', closes_at_ms }
end
if #codes > 0 and drop.stock == stock_before then
  write_chunked('RPUSH', keys.codes, codes)
  drop.stock = stock_before + #codes
  changes[#changes + 1], changes[#changes + 2] = 'stock', digits(drop.stock)
  changes[#changes + 1], changes[#changes + 2] = 'epoch', digits(math.max(drop.epoch, epoch))
end
write_chunked('HSET', keys.drop, changes)
keep_alive(keys, ttl_ms)
return reply('changed', drop, digits(drop.stock))
