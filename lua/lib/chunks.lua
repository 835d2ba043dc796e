--[[ chunks: one command over many values, in portions that fit a Lua stack. ]]
local CHUNK_VALUES = 1200 -- divisible by 2 and 3, so that pairs and triples stay together

-- Runs `command key value...` over all values; returns the sum of the replies.
local function write_chunked(command, key, values)
  local sum = 0
  for first = 1, #values, CHUNK_VALUES do
    local last = math.min(first + CHUNK_VALUES - 1, #values)
    sum = sum + redis.call(command, key, unpack(values, first, last))
  end
  return sum
end

-- Runs `command key value...` over all values; returns the replies in one list.
local function read_chunked(command, key, values)
  local replies = {}
  for first = 1, #values, CHUNK_VALUES do
    local last = math.min(first + CHUNK_VALUES - 1, #values)
    local part = redis.call(command, key, unpack(values, first, last))
    for i = 1, last - first + 1 do
      replies[first + i - 1] = part[i]
    end
  end
  return replies
end
