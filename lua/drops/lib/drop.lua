--[[ drop: what is stored of a drop, and whether it is the one that the caller knows.
  One hash holds what the drop is and who has which code, so that a loss takes both or neither. `generation` says which
  filling of the drop this is, `claimed` how many codes have been taken in it; both only grow. A caller that was told more
  than is stored has met a drop that lost its last writes. The codes that are left are `stock - claimed`: anything else
  is a loss as well. ]]
local FIELDS = { 'generation', 'phase', 'stock', 'claimed', 'epoch', 'opensAtMs', 'closesAtMs', 'configVersion' }
local NO_TIME = 'none'
local PARKED_MS = MS_MAX -- due at no time: an operator has to say what becomes of it
local TTL_MARGIN_MS = 3600000 -- the codes and the outbox outlive the hash, so a drop that expires shows as lost

-- How a visitor is named in the hash and in the outbox; no visitor's id can be taken for anything else there.
local function member_of(user_id)
  return 'u:' .. user_id
end

local function user_of(member)
  return member:match('^u:(.+)$')
end

local function sentinel_of(generation)
  return 'generation:' .. digits(generation)
end

-- The stored drop, and with it what is stored of these members, false for each who has no claim.
local function read_drop(drop_key, members)
  local fields = { unpack(FIELDS) }
  for i, member in ipairs(members or {}) do
    fields[#FIELDS + i] = member
  end
  local stored = redis.call('HMGET', drop_key, unpack(fields))
  return {
    generation = tonumber(stored[1]),
    phase = stored[2],
    stock = tonumber(stored[3]) or 0,
    claimed = tonumber(stored[4]) or 0,
    epoch = tonumber(stored[5]) or 0,
    opens_at_ms = tonumber(stored[6]),
    closes_at_ms = tonumber(stored[7]),
    config_version = tonumber(stored[8]) or 0,
    claims = { unpack(stored, #FIELDS + 1, #fields) },
  }
end

-- For callers that only remember what they were told last: a newer generation is news, not a loss.
local function has_stepped_back(drop, seen_generation, seen_claimed)
  return not drop.generation
    or drop.generation < seen_generation
    or (drop.generation == seen_generation and drop.claimed < seen_claimed)
end

-- For the drop's owner, who makes the generations.
local function is_mine(drop, generation, phase)
  return drop.generation == generation and drop.phase == phase
end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function time_argument(name, value)
  if value == NO_TIME then
    return NO_TIME
  end
  return digits(integer(name, value, 0, MS_MAX))
end

-- A claim is stored as "p:<ms>:<code>" until its record is known to be written, and as "r:<ms>:<code>" from then on.
local function claim_parts(claim)
  return claim:match('^([pr]):(%d+):(.+)$')
end

local function keep_alive(keys, ttl_ms)
  redis.call('PEXPIRE', keys.drop, digits(ttl_ms))
  redis.call('PEXPIRE', keys.codes, digits(ttl_ms + TTL_MARGIN_MS))
  redis.call('PEXPIRE', keys.outbox, digits(ttl_ms + TTL_MARGIN_MS))
end

local function reply(tag, drop, ...)
  return { tag, digits(drop.generation), digits(drop.claimed), ... }
end

-- What a visitor who has a claim is told of it: the code only once nothing can take it back.
local function told_of(claim)
  local state, claimed_at_ms, code = claim_parts(claim)
  if state == 'r' then
    return 'recorded', claimed_at_ms, code
  end
  return 'pending', claimed_at_ms
end

-- Nobody can say what visitors have; nil: the drop is open, and as its caller knows it.
local function unknown_reply(drop, seen_generation, seen_claimed)
  if has_stepped_back(drop, seen_generation, seen_claimed) then
    return { 'lost' }
  end
  if drop.phase ~= 'open' then
    return { 'loading' }
  end
  return nil
end
