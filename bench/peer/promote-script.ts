/**
 * The original's promotion script, as the design it grew from has it, made to run: Redis has `cjson` as a global and no
 * `require`, and a stream has no empty fields.
 *
 * KEYS waiting (zset), count, records (hash), user ids (hash), ENTRY (stream). ARGV event id, capacity.
 * Answers how many were promoted.
 */
export const PROMOTE_SCRIPT = `
local free = tonumber(ARGV[2]) - tonumber(redis.call('GET', KEYS[2]) or '0')
if free <= 0 then return 0 end
local waiting = redis.call('ZRANGE', KEYS[1], 0, free - 1, 'WITHSCORES')
local promoted = 0
for i = 1, #waiting, 2 do
  local user, at = waiting[i], waiting[i + 1]
  local stored = redis.call('HGET', KEYS[3], user)
  if stored then
    local record = cjson.decode(stored)
    redis.call('ZREM', KEYS[1], user)
    redis.call('HDEL', KEYS[3], user)
    redis.call('HDEL', KEYS[4], user)
    redis.call('XADD', KEYS[5], '*', 'userId', user, 'eventId', ARGV[1], 'promotedAt', at,
      'instanceId', record.instanceId or 'unknown', 'seatCount', tostring(record.seatCount or 0))
    promoted = promoted + 1
  end
end
if promoted > 0 then
  redis.call('INCRBY', KEYS[2], promoted)
  redis.call('EXPIRE', KEYS[2], 3600)
end
return promoted`
