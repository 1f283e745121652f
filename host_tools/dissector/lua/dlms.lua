-- DLMS APDUs: Access-Request, Access-Response, Data-Notification.
local names, fields, axdr, times = parts.names, parts.fields, parts.axdr, parts.times
local f = fields.f
local M = {}

local REQUEST, RESPONSE, NOTIFICATION = 0xD9, 0xDA, 0x0F

local function obis(range)
  local part = {}
  for index = 0, 5 do
    part[index] = range:range(index, 1):uint()
  end
  return ("%d-%d:%d.%d.%d.%d"):format(part[0], part[1], part[2], part[3], part[4], part[5])
end

local function date_time(reader, tree)
  local length = reader:length("length of APDU date-time")
  if length == 0 then
    return
  end
  local start = reader.pos
  local item = reader:add(tree, "dlms.date_time", length)
  if length == 12 then
    local text, problem = times.cosem(reader:range(start, 12))
    item:append_text(" = " .. text)
    if problem then
      reader:fault(item, "APDU date-time: " .. problem)
    end
  else
    reader:fault(item, ("APDU date-time: 12 octets, not %d"):format(length))
  end
end

local function count_of(reader, tree, name, what)
  local start = reader.pos
  local count = reader:length(what)
  tree:add(f[name], reader:range(start, reader.pos - start), count)
  return count
end

local function specification(reader, tree, index)
  local at = reader.pos
  local group = reader:group(tree, "dlms.access", ("Access %d"):format(index))
  local choice = reader:uint(1, ("access specification %d"):format(index))
  if not names.operations[choice] then
    reader:fail(("access specification %d: choice %d"):format(index, choice), at)
  end
  reader.pos = at
  reader:add(group.item, "dlms.choice", 1)
  local _, class = reader:add(group.item, "dlms.class", 2)
  local start = reader.pos
  local item = reader:add(group.item, "dlms.obis", 6)
  local code = obis(reader:range(start, 6))
  item:append_text(" = " .. code)
  local _, attribute = reader:add(group.item, "dlms.attribute", 1)
  if choice == 4 or choice == 5 then
    reader:add(group.item, "dlms.selector", 1)
    axdr.read(reader, group.item, "Selection")
  end
  reader:close(group)
  local name = names.objects[("%d/%s/%d"):format(class, code, attribute)]
  local label = ("%s class %d %s %s %d"):format(names.operations[choice], class, code,
    names.operations[choice] == "action" and "method" or "attribute", attribute)
  group.item:append_text(": " .. label .. (name and (" (%s)"):format(name) or ""))
  return label
end

local function specifications(reader, tree)
  local labels = {}
  local count = count_of(reader, tree, "dlms.specifications", "count of access specifications")
  for index = 0, count - 1 do
    labels[#labels + 1] = specification(reader, tree, index)
  end
  return labels
end

local function data(reader, tree, labels)
  local count = count_of(reader, tree, "dlms.data", "count of data")
  for index = 0, count - 1 do
    local label = labels[index + 1]
    axdr.read(reader, tree, ("Data %d"):format(index) .. (label and (" [%s]"):format(label) or ""))
  end
  return count
end

local function results(reader, tree, told)
  local start = reader.pos
  local count = reader:length("count of results")
  local item = tree:add(f["dlms.results"], reader:range(start, reader.pos - start), count)
  for index = 0, count - 1 do
    local of, choice = reader:add(tree, "dlms.result_choice", 1)
    if choice < 1 or choice > 3 then
      reader:fault(of, ("result %d: choice %d"):format(index, choice))
    end
    local one, result = reader:add(tree, "dlms.result", 1)
    if result ~= 0 then
      one:add_proto_expert_info(fields.refused, names.results[result] or "reserved result")
    end
  end
  if count ~= told then
    reader:fault(item, ("%d data, but %d results"):format(told, count))
  end
end

local function notification(reader, tree, message)
  -- An alert's body is a structure that begins with alert code and time.
  local at = reader.pos
  if reader:left() >= 5 and reader:range(at, 1):uint() == 0x02
    and reader:range(at + 2, 1):uint() == 0x12 then
    message.alert = reader:range(at + 3, 2):uint()
    tree:add(f["alert_code"], reader:range(at + 3, 2)):set_generated()
  end
  axdr.read(reader, tree, "Body")
end

function M.read(reader, tree, message)
  local _, tag = reader:add(tree, "dlms.apdu", 1)
  reader:add(tree, "dlms.invoke_id", 4)
  date_time(reader, tree)
  if tag == NOTIFICATION then
    notification(reader, tree, message)
  else
    local labels = specifications(reader, tree)
    local count = data(reader, tree, labels)
    if tag == RESPONSE then
      results(reader, tree, count)
    elseif count ~= #labels then
      reader:fault(tree, ("%d accesses, but %d data"):format(#labels, count))
    end
  end
  reader:finish(names.apdus[tag])
end

function M.begins(octet)
  return octet == REQUEST or octet == RESPONSE or octet == NOTIFICATION
end

return M
