--[[ generation: whether the stored pool is the one that the caller knows.
  `epoch` and `phase` say which rebuild of the pool this is; `version` counts the calls that changed it, and
  `version:<event>` is the version that the event was told last. A caller that was told more than is stored has met a
  pool that lost its last writes, even if other events have moved `version` on since. The member `epoch:<epoch>`
  of the leases, with the score +inf, shows that both keys are of one generation. ]]
local TTL_MARGIN_MS = 3600000 -- the leases and tokens outlive the hash, so a pool that expires shows as lost

local function read_pool(pool_key, leases_key, event_id)
  local fields = { 'epoch', 'version', 'phase', 'version:' .. event_id, 'asserted:' .. event_id }
  local stored = redis.call('HMGET', pool_key, unpack(fields))
  local pool = {
    epoch = tonumber(stored[1]),
    version = tonumber(stored[2]),
    phase = stored[3],
    told = tonumber(stored[4]) or 0,
    asserted = stored[5] == '1',
  }
  pool.whole = pool.epoch and pool.version and pool.phase
    and redis.call('ZSCORE', leases_key, 'epoch:' .. digits(pool.epoch))
  return pool
end

local function is_lost(pool, seen_epoch, seen_version)
  return not pool.whole or pool.epoch ~= seen_epoch or pool.told < seen_version
end

-- Counts a change, with the hash fields that belong to it, and keeps the three keys alive.
local function commit(pool, keys, event_id, pool_ttl_ms, fields)
  pool.version = pool.version + 1
  pool.told = pool.version
  local version = digits(pool.version)
  redis.call('HSET', keys.pool, 'version', version, 'version:' .. event_id, version, unpack(fields or {}))
  redis.call('PEXPIRE', keys.pool, digits(pool_ttl_ms))
  redis.call('PEXPIRE', keys.leases, digits(pool_ttl_ms + TTL_MARGIN_MS))
  redis.call('PEXPIRE', keys.tokens, digits(pool_ttl_ms + TTL_MARGIN_MS))
end

local function reply(tag, pool, ...)
  return { tag, digits(pool.epoch), digits(pool.told), ... }
end
