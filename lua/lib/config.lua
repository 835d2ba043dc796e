--[[ config: what the operator said of the pool. The newest version wins, whoever brings it. ]]
local NO_RATE = 'none'

local function rate_argument(name, value)
  if value == NO_RATE then
    return NO_RATE
  end
  return integer(name, value, 1, 1000000000)
end

-- The stored configuration, or the offered one where that is newer; the second value says which.
local function newest_config(pool_key, offered)
  local stored = redis.call('HMGET', pool_key, 'configVersion', 'capacity', 'rate')
  local version, capacity = tonumber(stored[1]), tonumber(stored[2])
  if not version or not capacity or not stored[3] or version < offered.version then
    return offered, true
  end
  return { version = version, capacity = capacity, rate = tonumber(stored[3]) or NO_RATE }, false
end

local function config_fields(config)
  local rate = config.rate == NO_RATE and NO_RATE or digits(config.rate)
  return { 'configVersion', digits(config.version), 'capacity', digits(config.capacity), 'rate', rate }
end
