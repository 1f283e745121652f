-- ZCL frames inside GBZ components: header, general commands, cluster commands by their fields.
local names, fields, Reader, times = parts.names, parts.fields, parts.reader, parts.times
local M = {}

local STRINGS = { [0x41] = 1, [0x42] = 1, [0x43] = 2, [0x44] = 2 } -- octets of their length
local TEXTS = { [0x42] = true, [0x44] = true }
local FIXED = { [0x00] = 0, [0x10] = 1, [0x30] = 1, [0x31] = 2, [0x38] = 2, [0x39] = 4,
  [0x3A] = 8, [0xE0] = 4, [0xE1] = 4, [0xE2] = 4, [0xE8] = 2, [0xE9] = 2, [0xEA] = 4,
  [0xF0] = 8, [0xF1] = 16 }
for index = 0, 7 do
  for _, first in ipairs({ 0x08, 0x18, 0x20, 0x28 }) do
    FIXED[first + index] = index + 1
  end
end
local FLOATS = { [0x38] = true, [0x39] = true, [0x3A] = true }
local LISTS = { [0x48] = true, [0x50] = true, [0x51] = true } -- one type for all elements
local STRUCT, UTC, DEPTH = 0x4C, 0xE2, 15

local read_value

local function read_many(reader, tree, kind, name, depth)
  if depth > DEPTH then
    reader:fail(("%s: nested more than %d deep"):format(name, DEPTH))
  end
  local inner = kind ~= STRUCT and reader:uint(1, "element type of " .. name) or nil
  local count = reader:uint_le(2, "element count of " .. name)
  if count == 0xFFFF then
    return
  end
  local least = inner and (FIXED[inner] or 1) or 1
  if count > reader:left() or (least == 0 and count > 0) then
    reader:fail(("%s: %d elements cannot be in %d octets"):format(name, count, reader:left()))
  end
  local group = reader:group(tree, "zcl.group", name)
  for index = 1, count do
    local kind_here = inner or reader:uint(1, "element type of " .. name)
    read_value(reader, group.item, kind_here, ("[%d]"):format(index - 1), depth + 1)
  end
  reader:close(group)
end

-- A value of a ZCL type; returns its number where it has one of up to four octets.
function read_value(reader, tree, kind, name, depth)
  if LISTS[kind] or kind == STRUCT then
    return read_many(reader, tree, kind, name, depth or 0)
  end
  local wide = STRINGS[kind]
  if wide then
    local count = reader:uint_le(wide, "length of " .. name)
    local missing = count == 256 ^ wide - 1
    local item = reader:add(tree, TEXTS[kind] and "zcl.text" or "zcl.octets", missing and 0 or count)
    Reader.rename(item, name)
    if missing then
      item:append_text(" (no value)")
    end
    return nil
  end
  local size = FIXED[kind]
  if not size then
    reader:fail(("%s: data type 0x%02X is not a known ZCL type"):format(name, kind))
  end
  if size == 0 then
    return nil
  end
  local item, number
  if kind == UTC then
    item, number = reader:add(tree, "zcl.time", 4, true)
    item:append_text(" = " .. times.utc(number))
  elseif FLOATS[kind] or size > 8 then
    item = reader:add(tree, "zcl.octets", size)
  elseif kind >= 0x28 and kind <= 0x2F then
    item = reader:add(tree, "zcl.int", size, true)
  else
    item, number = reader:add(tree, "zcl.uint", size, true)
  end
  Reader.rename(item, name)
  return number
end

local function attribute(reader, tree, frame)
  local item, number = reader:add(tree, "zcl.attribute", 2, true)
  local row = not frame.manufacturer and names.clusters[frame.cluster]
  local name = row and row.attributes and row.attributes[number]
  if name then
    item:append_text(" " .. name)
  end
  return name or ("0x%04X"):format(number)
end

local function status(reader, tree)
  local item, number = reader:add(tree, "zcl.status", 1)
  if number ~= 0 then
    item:add_proto_expert_info(fields.refused, names.statuses[number] or "status")
  end
  return number
end

local function typed(reader, tree, name)
  local _, kind = reader:add(tree, "zcl.type", 1)
  read_value(reader, tree, kind, name)
end

local function number(reader, tree, name, size)
  local item, value = reader:add(tree, "zcl.uint", size, true)
  Reader.rename(item, name)
  return value
end

-- Which element of an array or structure is meant.
local function selector(reader, tree)
  local indicator = number(reader, tree, "Selector", 1)
  for _ = 1, indicator % 16 do
    number(reader, tree, "Index", 2)
  end
end

local function is_analogue(kind)
  return (kind >= 0x20 and kind <= 0x2F) or (kind >= 0x38 and kind <= 0x3A)
    or (kind >= 0xE0 and kind <= 0xE2)
end

local function rule(reader, tree, direction)
  if direction ~= 0 then
    number(reader, tree, "Timeout", 2)
    return
  end
  local _, kind = reader:add(tree, "zcl.type", 1)
  number(reader, tree, "Minimum interval", 2)
  number(reader, tree, "Maximum interval", 2)
  if is_analogue(kind) then
    read_value(reader, tree, kind, "Reportable change")
  end
end

local function each(read)
  return function(reader, tree, frame)
    while reader:left() > 0 do
      read(reader, tree, frame)
    end
  end
end

local function one_status_or(read)
  return function(reader, tree, frame)
    if reader:left() == 1 then
      status(reader, tree)
      return
    end
    each(read)(reader, tree, frame)
  end
end

local ids = each(attribute)
local values = each(function(reader, tree, frame)
  typed(reader, tree, attribute(reader, tree, frame))
end)
local commands = function(reader, tree)
  number(reader, tree, "Discovery Complete", 1)
  each(function(rest, item) number(rest, item, "Command", 1) end)(reader, tree)
end
local first_and_maximum = function(size)
  return function(reader, tree)
    number(reader, tree, "Start", size)
    number(reader, tree, "Maximum", 1)
  end
end
local function discovered(extended)
  return function(reader, tree, frame)
    number(reader, tree, "Discovery Complete", 1)
    each(function(rest, item)
      attribute(rest, item, frame)
      rest:add(item, "zcl.type", 1)
      if extended then
        number(rest, item, "Access control", 1)
      end
    end)(reader, tree)
  end
end

-- General commands, by number.
local GENERAL = {
  [0x00] = ids,
  [0x01] = each(function(reader, tree, frame)
    local name = attribute(reader, tree, frame)
    if status(reader, tree) == 0 then
      typed(reader, tree, name)
    end
  end),
  [0x02] = values, [0x03] = values, [0x05] = values, [0x0A] = values,
  [0x04] = one_status_or(function(reader, tree, frame)
    status(reader, tree)
    attribute(reader, tree, frame)
  end),
  [0x06] = each(function(reader, tree, frame)
    local direction = number(reader, tree, "Direction", 1)
    attribute(reader, tree, frame)
    rule(reader, tree, direction)
  end),
  [0x07] = one_status_or(function(reader, tree, frame)
    status(reader, tree)
    number(reader, tree, "Direction", 1)
    attribute(reader, tree, frame)
  end),
  [0x08] = each(function(reader, tree, frame)
    number(reader, tree, "Direction", 1)
    attribute(reader, tree, frame)
  end),
  [0x09] = each(function(reader, tree, frame)
    local known = status(reader, tree)
    local direction = number(reader, tree, "Direction", 1)
    attribute(reader, tree, frame)
    if known == 0 then
      rule(reader, tree, direction)
    end
  end),
  [0x0B] = function(reader, tree)
    number(reader, tree, "Answers command", 1)
    status(reader, tree)
  end,
  [0x0C] = first_and_maximum(2), [0x15] = first_and_maximum(2),
  [0x0D] = discovered(false), [0x16] = discovered(true),
  [0x0E] = each(function(reader, tree, frame)
    attribute(reader, tree, frame)
    selector(reader, tree)
  end),
  [0x0F] = each(function(reader, tree, frame)
    local name = attribute(reader, tree, frame)
    selector(reader, tree)
    typed(reader, tree, name)
  end),
  [0x10] = one_status_or(function(reader, tree, frame)
    status(reader, tree)
    attribute(reader, tree, frame)
    selector(reader, tree)
  end),
  [0x11] = first_and_maximum(1), [0x13] = first_and_maximum(1),
  [0x12] = commands, [0x14] = commands,
}

-- Fields of cluster commands, by the types of the table.
local read_fields

local function read_plain(reader, tree, name, kind)
  if kind == "event" then
    return number(reader, tree, name, 2)
  elseif kind == "hexstr" then
    return read_value(reader, tree, 0x41, name)
  elseif kind == "date" then
    Reader.rename(reader:add(tree, "zcl.octets", 4), name)
    return nil
  end
  return read_value(reader, tree, names.field_types[kind], name)
end

local function read_field(reader, tree, name, kind, scope)
  if type(kind) == "string" then
    scope[name] = read_plain(reader, tree, name, kind)
    return
  end
  local group = reader:group(tree, "zcl.group", name)
  if kind.record then
    read_fields(reader, group.item, kind.record, scope)
  else
    local count = kind.count and scope[kind.count]
      or kind.low_nibble and scope[kind.low_nibble] % 16
    local index = 0
    while (count and index < count) or (not count and reader:left() > 0) do
      local label = ("[%d]"):format(index)
      if kind.of then
        read_field(reader, group.item, label, kind.of, scope)
      else
        local entry = reader:group(group.item, "zcl.group", label)
        read_fields(reader, entry.item, kind.list, scope)
        reader:close(entry)
      end
      index = index + 1
    end
  end
  reader:close(group)
end

function read_fields(reader, tree, list, around)
  local scope = setmetatable({}, { __index = around })
  for _, row in ipairs(list) do
    read_field(reader, tree, row[1], row[2], scope)
  end
end

-- Frame control, [manufacturer code,] sequence number, command.
function M.header(reader, tree, cluster)
  local at = reader.pos
  local _, control = reader:add(tree, "zcl.frame_control", 1)
  if control % 4 > 1 then
    reader:fail(("ZCL frame type %d is reserved"):format(control % 4), at)
  end
  local frame = { cluster = cluster, general = control % 4 == 0 }
  frame.server = math.floor(control / 8) % 2 == 1
  if math.floor(control / 4) % 2 == 1 then
    local _, manufacturer = reader:add(tree, "zcl.manufacturer", 2, true)
    frame.manufacturer = manufacturer
  end
  reader:add(tree, "zcl.sequence", 1)
  local item, command = reader:add(tree, "zcl.command", 1)
  frame.command = command
  local row = names.clusters[cluster]
  if frame.general then
    frame.name = names.general_commands[command]
  elseif row and not frame.manufacturer then
    local side = frame.server and row.server or row.client
    frame.form = side and side[command]
    frame.name = frame.form and frame.form.name
  end
  if frame.name then
    item:append_text(" " .. frame.name)
    tree:add(fields.f["zcl.command_name"], frame.name):set_generated()
  end
  return frame
end

-- What follows the header, to the end of the reader.
function M.payload(reader, tree, frame)
  if not frame.name then
    reader:add(tree, "zcl.ignored", reader:left()):append_text(" (command not in the table)")
    return
  end
  reader:sheltered(tree, function()
    if frame.general then
      GENERAL[frame.command](reader, tree, frame)
    else
      read_fields(reader, tree, frame.form.fields, {})
      local left = reader:left()
      if left > 0 and frame.form.tail and left <= frame.form.tail then
        reader:add(tree, "zcl.ignored", left)
      end
    end
    reader:finish(frame.name)
  end)
end

return M
