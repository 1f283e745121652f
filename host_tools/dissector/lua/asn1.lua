-- DER of the use cases in ASN.1. Fields have the names of the use case where it lists them flat.
local f, names, Reader = parts.fields.f, parts.names, parts.reader
local M = {}

local DEPTH, ELEMENTS = 32, 2000
local TITLES = {
  [1] = "BOOLEAN", [2] = "INTEGER", [3] = "BIT STRING", [4] = "OCTET STRING", [5] = "NULL",
  [6] = "OBJECT IDENTIFIER", [10] = "ENUMERATED", [12] = "UTF8String", [16] = "SEQUENCE",
  [17] = "SET", [19] = "PrintableString", [22] = "IA5String", [23] = "UTCTime",
  [24] = "GeneralizedTime",
}
local FIELDS = {
  [1] = "asn1.boolean", [5] = "asn1.null", [12] = "asn1.text", [19] = "asn1.text",
  [22] = "asn1.text", [23] = "asn1.text", [24] = "asn1.text",
}

local function object_identifier(reader, start, count)
  if count == 0 or reader:range(start + count - 1, 1):uint() >= 0x80 then
    reader:fail("OBJECT IDENTIFIER cut off", start)
  end
  local numbers, value = {}, 0
  for index = 0, count - 1 do
    local octet = reader:range(start + index, 1):uint()
    value = value * 128 + octet % 128
    if octet < 0x80 then
      numbers[#numbers + 1] = ("%.0f"):format(value)
      value = 0
    end
  end
  local first = tonumber(numbers[1])
  local top = math.min(math.floor(first / 40), 2)
  numbers[1] = ("%d.%.0f"):format(top, first - 40 * top)
  return table.concat(numbers, ".")
end

local function primitive(reader, tree, number)
  local count, start = reader:left(), reader.pos
  if number == 2 or number == 10 then
    if count == 0 then
      reader:fail("INTEGER without octets")
    end
    return reader:add(tree, count <= 8 and "asn1.integer" or "asn1.octets", count)
  elseif number == 6 then
    local text = object_identifier(reader, start, count)
    reader:take(count, "OBJECT IDENTIFIER")
    return tree:add(f["asn1.oid"], reader:range(start, count), text)
  elseif number == 3 then
    local unused = count > 0 and reader:range(start, 1):uint() or 8
    if unused > 7 or (unused > 0 and count == 1) then
      reader:fail("BIT STRING with a wrong count of unused bits")
    end
    reader:take(1, "count of unused bits")
    return reader:add(tree, "asn1.bits", count - 1):append_text((" (%d bits)"):format(
      8 * (count - 1) - unused))
  elseif number == 1 and count ~= 1 then
    reader:fail(("BOOLEAN of %d octets"):format(count))
  elseif number == 5 and count ~= 0 then
    reader:fail("NULL with octets")
  end
  return reader:add(tree, FIELDS[number] or "asn1.octets", count)
end

local function element(reader, tree, name, depth, seen)
  local at = reader.pos
  if depth > DEPTH then
    reader:fail(("nested more than %d deep"):format(DEPTH))
  end
  seen.count = seen.count + 1
  if seen.count > ELEMENTS then
    reader:fail(("more than %d elements"):format(ELEMENTS))
  end
  local tag = reader:uint(1, "tag of " .. (name or "an element"))
  local class, constructed, number = math.floor(tag / 64), math.floor(tag / 32) % 2 == 1, tag % 32
  if number == 31 then
    reader:fail("tag numbers above 30 do not occur", at)
  end
  local title = class == 0 and (TITLES[number] or ("tag %d"):format(number))
    or ("[%d]"):format(number)
  local length = reader:length("length of " .. title, true)
  local inner = reader:part(length, title)
  local label = name and ("%s (%s)"):format(name, title) or title
  local item
  if constructed then
    item = tree:add(f["asn1.group"], reader:range(at, reader.pos - at))
    item:set_text(label)
    inner:sheltered(item, function()
      local index = 0
      while inner:left() > 0 do
        index = index + 1
        element(inner, item, depth == 0 and seen.names and seen.names[index] or nil,
          depth + 1, seen)
      end
    end)
  elseif class == 0 then
    inner:sheltered(tree, function()
      item = primitive(inner, tree, number)
      Reader.rename(item, label)
    end)
  else
    item = inner:add(tree, "asn1.octets", inner:left())
    Reader.rename(item, label)
  end
  if item and class == 0 and constructed ~= (number == 16 or number == 17) then
    reader:fault(item, ("%s is %sconstructed"):format(title, constructed and "" or "not "))
  end
end

function M.read(reader, tree, message)
  local row = names.use_cases[message.code]
  local seen = { count = 0, names = row and row.asn1 and row.asn1[message.cra] }
  local tag = reader:peek()
  local alone = seen.names and math.floor(tag / 32) % 2 == 0 and seen.names[1] or nil
  element(reader, tree, alone, 0, seen)
  reader:finish("the ASN.1 content")
end

return M
