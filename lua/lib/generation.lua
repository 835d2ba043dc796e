--[[ generation: whether the stored pool is the one that the caller knows.
  `epoch` and `phase` say which rebuild of the pool this is; `version:<event>` grows with each call of the event that
  changed it. A caller that was told more than is stored has met a pool that lost its last writes. The member
  `epoch:<epoch>` of the leases, with the score +inf, shows that both keys are of one generation.

  A version is what the caller gives, or one more than the last where that is not larger. A mere count would not do: a
  call that was given up on, and runs after the writes that overtook it were lost, would make the very number that the
  event was told for one of those, and hide their loss. So a caller gives each call a larger number than the one before. ]]
local TTL_MARGIN_MS = 3600000 -- the leases and tokens outlive the hash, so a pool that expires shows as lost

local function read_pool(pool_key, leases_key, event_id)
  local fields = { 'epoch', 'phase', 'version:' .. event_id, 'asserted:' .. event_id }
  local stored = redis.call('HMGET', pool_key, unpack(fields))
  local pool = {
    epoch = tonumber(stored[1]),
    phase = stored[2],
    version = tonumber(stored[3]) or 0,
    asserted = stored[4] == '1',
  }
  pool.whole = pool.epoch and pool.phase
    and redis.call('ZSCORE', leases_key, 'epoch:' .. digits(pool.epoch))
  return pool
end

local function is_lost(pool, seen_epoch, seen_version)
  return not pool.whole or pool.epoch ~= seen_epoch or pool.version < seen_version
end

local function version_after(pool, next_version)
  return math.max(pool.version + 1, next_version)
end

-- Writes a change's version, with the hash fields that belong to it, and keeps the three keys alive.
local function commit(pool, keys, event_id, pool_ttl_ms, next_version, fields)
  pool.version = version_after(pool, next_version)
  redis.call('HSET', keys.pool, 'version:' .. event_id, digits(pool.version), unpack(fields or {}))
  redis.call('PEXPIRE', keys.pool, digits(pool_ttl_ms))
  redis.call('PEXPIRE', keys.leases, digits(pool_ttl_ms + TTL_MARGIN_MS))
  redis.call('PEXPIRE', keys.tokens, digits(pool_ttl_ms + TTL_MARGIN_MS))
end

local function reply(tag, pool, ...)
  return { tag, digits(pool.epoch), digits(pool.version), ... }
end
