-- The GBZ payload: profile, components in clear and encrypted, and the form of alerts.
local names, fields, zcl, times = parts.names, parts.fields, parts.zcl, parts.times
local Reader = parts.reader
local M = {}

local function ciphered(reader, tree)
  local _, length = reader:add(tree, "gbz.ciphered_length", 2)
  local inner = reader:part(length, "ciphered information")
  reader:finish("ciphered information")
  local at = inner.pos
  local item = inner:add(tree, "gbz.security_header", 5)
  if inner:range(at, 5):bytes():tohex() ~= "3100000000" then
    inner:fail("security header of ciphered information is not 3100000000", at)
  end
  item:append_text(" (encrypted, authenticated; counter 0)")
  if inner:left() < 12 then
    inner:fail(("%d octets cannot hold the tag"):format(inner:left()))
  end
  inner:add(tree, "gbz.ciphertext", inner:left() - 12)
  inner:add(tree, "gbz.tag", 12)
end

local function body(reader, tree, part)
  if part.from then
    local item, seconds = reader:add(tree, "gbz.from", 4)
    item:append_text(" = " .. times.utc(seconds))
  end
  if part.encrypted then
    local at = reader.pos
    if reader:uint(1, "additional header control") ~= 0 then
      reader:fail("additional header control is not 0", at)
    end
    reader.pos = at
    local item = reader:add(tree, "gbz.frame_counter", 2)
    local counter = reader:range(at + 1, 1):uint()
    if counter ~= part.number % 256 then
      reader:fault(item, ("frame counter %d, expected %d"):format(counter, part.number % 256))
    end
  end
  local frame = zcl.header(reader, tree, part.cluster)
  part.name = frame.name
  if part.encrypted then
    ciphered(reader, tree)
  else
    zcl.payload(reader, tree, frame)
  end
end

local function component(reader, parent, index, count, encrypted)
  local title = ("Component %d"):format(index)
  local group = reader:group(parent, "gbz.component", title)
  local tree = group.item
  local item, control = reader:add(tree, "gbz.control", 1)
  local part = {
    encrypted = math.floor(control / 2) % 2 == 1,
    from = math.floor(control / 16) % 2 == 1,
    number = encrypted,
  }
  local last = control % 2 == 1
  item:append_text(last and " last" or " not last")
  item:append_text((part.encrypted and ", encrypted" or "") .. (part.from and ", from" or ""))
  if control - (last and 1 or 0) - (part.encrypted and 2 or 0) - (part.from and 16 or 0) ~= 0 then
    reader:fault(item, ("control 0x%02X has unknown bits"):format(control))
  end
  if part.encrypted and part.from then
    reader:fault(item, "an encrypted component has no from-date-time")
  end
  if last ~= (index == count - 1) then
    reader:fault(item, ("component %d of %d is %smarked last"):format(
      index, count, last and "" or "not "))
  end
  local _, cluster = reader:add(tree, "gbz.cluster", 2)
  part.cluster = cluster
  local _, length = reader:add(tree, "gbz.length", 2)
  local inner = reader:part(length, title)
  inner:sheltered(tree, function() body(inner, tree, part) end)
  reader:close(group)
  local row = names.clusters[cluster]
  tree:append_text((": %s %s"):format(row and row.name or ("0x%04X"):format(cluster),
    part.name or ""))
  return part.encrypted
end

local function components(reader, tree, count)
  local encrypted = 0
  for index = 0, count - 1 do
    if component(reader, tree, index, count, encrypted) then
      encrypted = encrypted + 1
    end
  end
  reader:finish("the last GBZ component")
end

local function are_components(reader, count)
  local place = reader.pos
  for _ = 1, count do
    if place + 5 > reader.stop then
      return false
    end
    place = place + 5 + reader:range(place + 3, 2):uint()
  end
  return place == reader.stop
end

local function alert_body(reader, tree, count, code)
  local form = names.gbz_alerts[code]
  local left = reader:left()
  if form and left == #form.start / 2 + form.size
    and (form.start == "" or reader:range(reader.pos, #form.start / 2):bytes():tohex() == form.start) then
    reader:take(#form.start / 2, "tag and length of the body")
    local group = reader:group(tree, "zcl.group", "Alert body")
    for _, row in ipairs(form.fields) do
      Reader.rename(reader:add(group.item, "zcl.octets", row[2]), row[1])
    end
    reader:close(group)
  elseif count == 0 then
    reader:fail(("%d trailing octets after the GBZ alert"):format(left))
  elseif are_components(reader, count) then
    components(reader, tree, count)
  else
    reader:add(tree, "alert_body", left):append_text(" (not of a form that is known)")
  end
end

-- A payload of a command, response (cra 1, 2) or alert (3).
function M.read(reader, tree, message)
  local at = reader.pos
  local _, profile = reader:add(tree, "gbz.profile", 2)
  if profile ~= 0x0109 then
    reader:fail(("GBZ profile 0x%04X, expected 0x0109"):format(profile), at)
  end
  at = reader.pos
  local item, count = reader:add(tree, "gbz.components", 1)
  if message.cra ~= 3 then
    if count == 0 then
      reader:fail("a GBZ payload without components", at)
    end
    return components(reader, tree, count)
  end
  local _, code = reader:add(tree, "alert_code", 2)
  message.alert = code
  local time, seconds = reader:add(tree, "alert_time", 4)
  time:append_text(" = " .. times.utc(seconds))
  if reader:left() > 0 then
    alert_body(reader, tree, count, message.code)
  elseif count > 0 then
    reader:fault(item, ("%d components are told, and none is there"):format(count))
  end
end

return M
