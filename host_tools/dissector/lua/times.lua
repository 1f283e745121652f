-- Times of the field: COSEM date-time and seconds since 2000, UTC.
local M = {}

local EPOCH = 946684800 -- 2000-01-01T00:00:00Z

-- Days since 1970 and back, so that no time zone and no 32-bit time_t of a machine counts.
local function civil(days)
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor(
    (doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local day = doy - math.floor((153 * mp + 2) / 5) + 1
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, day
end

local function days_in(year, month)
  if month == 2 then
    return (year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)) and 29 or 28
  end
  return (month == 4 or month == 6 or month == 9 or month == 11) and 30 or 31
end

-- A ZigBee UTCTime.
function M.utc(seconds)
  if seconds == 0xFFFFFFFF then
    return "invalid (0xFFFFFFFF)"
  end
  local total = EPOCH + seconds
  local days = math.floor(total / 86400)
  local rest = total - days * 86400
  local year, month, day = civil(days)
  return ("%04d-%02d-%02dT%02d:%02d:%02dZ"):format(
    year, month, day, math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60)
end

local function shown(value, missing, width)
  return value == missing and ("*"):rep(width) or ("%0" .. width .. "d"):format(value)
end

-- The 12 octets of a COSEM date-time: words, and what is impossible in it or nil.
function M.cosem(range)
  local hex = range:bytes():tohex()
  if hex == "0000000000000000008000FF" then
    return "at once"
  elseif hex:sub(1, 18) == ("F"):rep(18) then
    return hex == "FFFFFFFFFFFFFFFFFF8000FF" and "never (not specified)" or "not specified"
  end
  local year = range:range(0, 2):uint()
  local part = {}
  for at = 2, 8 do
    part[at] = range:range(at, 1):uint()
  end
  local month, day, week, hour, minute, second, hundredths =
    part[2], part[3], part[4], part[5], part[6], part[7], part[8]
  local deviation = range:range(9, 2):int()
  local text = ("%s-%s-%s %s:%s:%s"):format(
    shown(year, 0xFFFF, 4), shown(month, 0xFF, 2), shown(day, 0xFF, 2),
    shown(hour, 0xFF, 2), shown(minute, 0xFF, 2), shown(second, 0xFF, 2))
  local function wrong(name, value, low, high, special)
    if (value < low or value > high) and value ~= 0xFF and not (special and value >= special) then
      return ("%s %d is out of range"):format(name, value)
    end
  end
  local problem = wrong("month", month, 1, 12, 0xFD) or wrong("day", day, 1, 31, 0xFD)
    or wrong("day of week", week, 1, 7) or wrong("hour", hour, 0, 23)
    or wrong("minute", minute, 0, 59) or wrong("second", second, 0, 59)
    or wrong("hundredths", hundredths, 0, 99)
  if not problem and deviation ~= -32768 and (deviation < -840 or deviation > 840) then
    problem = ("deviation %d is out of range"):format(deviation)
  end
  local whole = year ~= 0xFFFF and month <= 12 and day <= 31
    and hour < 24 and minute < 60 and second < 60
  if whole and not problem then
    if year < 1 or day > days_in(year, month) then
      problem = ("%04d-%02d-%02d is not a date"):format(year, month, day)
    elseif deviation == -32768 or deviation == 0 then
      text = ("%04d-%02d-%02dT%02d:%02d:%02dZ"):format(year, month, day, hour, minute, second)
    else
      text = ("%s, deviation %d min"):format(text, deviation)
    end
  end
  return text, problem
end

return M
