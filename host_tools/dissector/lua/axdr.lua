-- A-XDR values of DLMS.
local f, names, times, Reader = parts.fields.f, parts.names, parts.times, parts.reader
local M = {}

local DEPTH = 24
local NULL, ARRAY, STRUCTURE, BITS, COMPACT, NOTHING = 0x00, 0x01, 0x02, 0x04, 0x13, 0xFF
-- Kinds of one size: field, octets.
local SIMPLE = {
  [0x03] = { "axdr.boolean", 1 },
  [0x05] = { "axdr.int", 4 }, [0x0F] = { "axdr.int", 1 }, [0x10] = { "axdr.int", 2 },
  [0x14] = { "axdr.int", 8 },
  [0x06] = { "axdr.uint", 4 }, [0x11] = { "axdr.uint", 1 }, [0x12] = { "axdr.uint", 2 },
  [0x15] = { "axdr.uint", 8 }, [0x16] = { "axdr.uint", 1 },
  [0x0D] = { "axdr.raw", 1 }, [0x17] = { "axdr.raw", 4 }, [0x18] = { "axdr.raw", 8 },
  [0x19] = { "axdr.raw", 12 }, [0x1A] = { "axdr.raw", 5 }, [0x1B] = { "axdr.raw", 4 },
}
-- Kinds that begin with their length.
local LONG = { [0x09] = "axdr.octets", [0x0A] = "axdr.text", [0x0C] = "axdr.text" }

local function kind_name(kind)
  return names.axdr_types[kind] or ("0x%02X"):format(kind)
end

local function bits(reader, tree, count)
  local octets = math.floor((count + 7) / 8)
  local start = reader:take(octets, "bit-string")
  local out = {}
  for index = 0, octets - 1 do
    local octet = reader:range(start + index, 1):uint()
    for bit = 7, 0, -1 do
      out[#out + 1] = math.floor(octet / 2 ^ bit) % 2
    end
  end
  local text = table.concat(out)
  local item = tree:add(f["axdr.bits"], reader:range(start, octets), text:sub(1, count))
  if text:sub(count + 1):find("1", 1, true) then
    reader:fault(item, "unused bits of a bit-string are not 0")
  end
  return item
end

-- The content of a simple kind. `whole` is where its tag lies, or nil in a compact-array.
local function content(reader, tree, kind, name)
  local item
  if kind == NULL or kind == NOTHING then
    item = tree:add(f["axdr.null"], reader:range(reader.pos, 0))
  elseif SIMPLE[kind] then
    item = reader:add(tree, SIMPLE[kind][1], SIMPLE[kind][2])
  else
    local count = reader:length("length of " .. name)
    if kind == BITS then
      item = bits(reader, tree, count)
    else
      local start = reader.pos
      item = reader:add(tree, LONG[kind], count)
      if kind == 0x09 and count == 12 then
        local text, problem = times.cosem(reader:range(start, 12))
        if not problem then
          item:append_text(" = " .. text)
        end
      end
    end
  end
  Reader.rename(item, name)
  item:append_text(" (" .. kind_name(kind) .. ")")
end

local function description(reader, name, depth)
  local at = reader.pos
  if depth > DEPTH then
    reader:fail(("%s: type nested more than %d deep"):format(name, DEPTH))
  end
  local kind = reader:uint(1, "type description of " .. name)
  if kind == ARRAY then
    local count = reader:uint(2, "array size in the type of " .. name)
    local inner = description(reader, name, depth + 1)
    if not inner.takes then
      reader:fail(name .. ": the elements of an array take no octets", at)
    end
    return { array = count, inner = inner, least = count, takes = count > 0 }
  elseif kind == STRUCTURE then
    local count = reader:length("element count in the type of " .. name)
    local out, takes = {}, false
    for index = 1, count do
      out[index] = description(reader, name, depth + 1)
      takes = takes or out[index].takes
    end
    return { structure = out, least = count, takes = takes }
  elseif kind == COMPACT or not names.axdr_types[kind] then
    reader:fail(("%s: 0x%02X is not a type of a compact-array"):format(name, kind), at)
  end
  return { kind = kind, takes = kind ~= NULL and kind ~= NOTHING }
end

local function row(reader, tree, kind, name)
  if kind.kind then
    return content(reader, tree, kind.kind, name)
  end
  if kind.least > reader:left() then
    reader:fail(("%s: %d elements cannot be in %d octets"):format(
      name, kind.least, reader:left()))
  end
  local group = reader:group(tree, "axdr.group", name)
  for index = 1, kind.array or #kind.structure do
    row(reader, group.item, kind.inner or kind.structure[index], ("[%d]"):format(index - 1))
  end
  reader:close(group)
end

local function compact(reader, tree, name, depth)
  local kind = description(reader, name, depth)
  local size = reader:length("content length of " .. name)
  local inner = reader:part(size, name)
  inner:sheltered(tree, function()
    local index = 0
    while inner:left() > 0 do
      local at = inner.pos
      row(inner, tree, kind, ("[%d]"):format(index))
      if inner.pos == at then
        inner:fail(name .. ": rows of this type take no octets")
      end
      index = index + 1
    end
  end)
end

-- One value with its tag.
function M.read(reader, tree, name, depth)
  depth = depth or 0
  local at = reader.pos
  if depth > DEPTH then
    reader:fail(("%s: nested more than %d deep"):format(name, DEPTH))
  end
  local kind = reader:uint(1, "type of " .. name)
  if kind ~= ARRAY and kind ~= STRUCTURE and kind ~= COMPACT then
    if not names.axdr_types[kind] then
      reader:fail(("%s: 0x%02X is not an A-XDR type"):format(name, kind), at)
    end
    return content(reader, tree, kind, name)
  end
  reader.pos = at
  local group = reader:group(tree, "axdr.group", name)
  reader.pos = at + 1
  if kind == COMPACT then
    group.item:append_text(": compact-array")
    compact(reader, group.item, name, depth)
  else
    local count = reader:length("element count of " .. name)
    if count > reader:left() then
      reader:fail(("%s: %d elements cannot be in %d octets"):format(name, count, reader:left()))
    end
    group.item:append_text((": %s of %d"):format(kind_name(kind), count))
    for index = 0, count - 1 do
      M.read(reader, group.item, ("[%d]"):format(index), depth + 1)
    end
  end
  reader:close(group)
end

return M
