--[[ rate: at most `rate` admissions in any window of 60 s, evenly spaced but for a small burst.
  GCRA over one number, the theoretical arrival time of the next admission (`tatMs`). With a burst of b and an interval
  of 60 s / (rate - b + 1), b + (rate - b) admissions fit into a half-open window of 60 s, never one more. The
  interval is rounded up to whole microseconds and all arithmetic is in whole microseconds, hence exact. ]]
local MINUTE_US = 60000000
local EVEN_BELOW = 8 -- below this rate a burst would cost more of the minute than a tick's rounding does

-- A burst of one tick's worth and one more, so that asking once a second does not lose what falls between two ticks.
local function spacing(rate)
  local burst = rate < EVEN_BELOW and 1 or math.ceil(rate / 60) + 1
  return burst, math.ceil(MINUTE_US / (rate - burst + 1))
end

local function tat_text(tat_us)
  return string.format('%.3f', tat_us / 1000)
end

-- The state in which the whole burst has just been used: the latest that any history can have led to.
local function spent_tat(rate, now_ms)
  local burst, interval_us = spacing(rate)
  return tat_text(now_ms * 1000 + burst * interval_us)
end

-- How many of `wanted` may be admitted now, and the state after that. A missing state counts as spent. A state more than
-- a minute ahead was left by a clock that has since jumped back; it delays by a minute at most.
local function allowance(tat, rate, now_ms, wanted)
  local burst, interval_us = spacing(rate)
  local now_us = now_ms * 1000
  local tat_us = math.floor(tonumber(tat or spent_tat(rate, now_ms)) * 1000 + 0.5)
  tat_us = math.max(now_us, math.min(tat_us, now_us + MINUTE_US))
  local slack_us = now_us + (burst - 1) * interval_us - tat_us
  local allowed = math.max(0, math.min(wanted, math.floor(slack_us / interval_us) + 1))
  return allowed, tat_text(tat_us + allowed * interval_us)
end
