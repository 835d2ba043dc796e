--[[ arguments: reads ARGV and remembers the first value that cannot be used.
  A script reads everything first, then checks `bad_argument` once, before it touches a key. ]]
local MEMBERS_MAX = 1000
local MS_MAX = 9000000000000 -- in microseconds still an exact double
local INT_MAX = 9007199254740991

local bad_argument = nil

local function integer(name, value, smallest, largest)
  local number = value and value:find('^%d+$') and tonumber(value)
  if number and number >= smallest and number <= largest then
    return number
  end
  bad_argument = bad_argument or name
  return smallest
end

local function text(name, value)
  if not value or value == '' then
    bad_argument = bad_argument or name
    return '?'
  end
  return value
end

-- The values from ARGV[first] on, `width` of them for each of at most MEMBERS_MAX members.
local function members_from(name, first, width)
  local values = {}
  local count = (#ARGV - first + 1) / width
  if count < 0 or count > MEMBERS_MAX or count ~= math.floor(count) then
    bad_argument = bad_argument or name
    return values
  end
  for i = first, #ARGV do
    values[#values + 1] = ARGV[i]
  end
  return values
end

local function refusal()
  return redis.error_reply('USHER bad argument ' .. bad_argument)
end

-- Not %d: it goes through a C long, which has 32 bits on some engines.
local function digits(number)
  return string.format('%.0f', number)
end
