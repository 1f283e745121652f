-- A bounds-checked cursor over the octets of one message. What cannot be read is thrown as a
-- table { what, at }, so that it is told from an error of this script, and is caught where it
-- hides least (`sheltered`).
local fields = parts.fields
local f = fields.f
local Reader = {}
Reader.__index = Reader

-- From `start` to before `stop` of a Tvb.
function Reader.new(tvb, start, stop)
  return setmetatable({ tvb = tvb, pos = start, stop = stop }, Reader)
end

function Reader:left()
  return self.stop - self.pos
end

function Reader:fail(what, at)
  error({ what = what, at = at or self.pos }, 0)
end

-- Where `count` octets begin; the cursor goes past them.
function Reader:take(count, what)
  if count > self:left() then
    self:fail(("%s: %d octets needed, %d left"):format(what, count, self:left()))
  end
  local start = self.pos
  self.pos = start + count
  return start
end

function Reader:range(start, count)
  return self.tvb:range(start, count)
end

-- An unsigned number of at most four octets.
function Reader:uint(count, what)
  return self.tvb:range(self:take(count, what), count):uint()
end

function Reader:uint_le(count, what)
  return self.tvb:range(self:take(count, what), count):le_uint()
end

function Reader:peek()
  return self.tvb:range(self.pos, 1):uint()
end

-- A length of BER and A-XDR: one octet below 128, else 81 to 84 and that many.
function Reader:length(what, any_form)
  local at = self.pos
  local first = self:uint(1, what)
  if first < 0x80 then
    return first
  end
  local count = first - 0x80
  if count < 1 or count > 4 then
    self:fail(("%s: length octet 0x%02X is not valid"):format(what, first), at)
  end
  local value = self:uint(count, what)
  if not any_form and (value < 0x80 or value < 256 ^ (count - 1)) then
    self:fail(("%s: length %.0f is not in its shortest form"):format(what, value), at)
  end
  return value
end

-- A reader over the next `count` octets; the cursor goes past them.
function Reader:part(count, what)
  local start = self:take(count, what)
  return Reader.new(self.tvb, start, start + count)
end

-- Reads a number or octets into a field; returns the item, and the number where it has one.
function Reader:add(tree, name, count, little)
  local start = self:take(count, name)
  local range = self.tvb:range(start, count)
  if little then
    return tree:add_le(f[name], range), count <= 4 and range:le_uint() or nil
  end
  return tree:add(f[name], range), count >= 1 and count <= 4 and range:uint() or nil
end

-- Gives a field the name that it has here: "Number: 5" becomes "Issuer Event ID: 5".
function Reader.rename(item, name)
  item:set_text(name .. ((item.text or ""):match(":.*") or ""))
end

-- A group that is closed by `close`, when its end is known.
function Reader:group(tree, name, text)
  local item = tree:add(f[name], self.tvb:range(self.pos, 0))
  if text then
    item:set_text(text)
  end
  return { item = item, start = self.pos }
end

function Reader:close(group)
  group.item:set_len(self.pos - group.start)
end

-- Notes what is wrong with a part, and goes on.
function Reader:fault(item, what)
  item:add_proto_expert_info(fields.malformed, what)
end

function Reader:finish(what)
  if self:left() > 0 then
    self:fail(("%d trailing octets after %s"):format(self:left(), what))
  end
end

-- What cannot be read hides only itself: the rest of this reader is shown as octets.
function Reader:sheltered(tree, read)
  local ok, fault = pcall(read)
  if ok then
    return true
  end
  if type(fault) ~= "table" then
    error(fault, 0)
  end
  local start = math.min(fault.at, self.stop)
  local item = tree:add(f["not_read"], self.tvb:range(start, self.stop - start))
  item:add_proto_expert_info(fields.malformed, fault.what)
  self.pos = self.stop
  return false
end

return Reader
