-- A whole message: MAC header, grouping header, payload, signature, MAC; blocks of a long one.
local names, fields, Reader, times = parts.names, parts.fields, parts.reader, parts.times
local f, proto = fields.f, fields.proto
local KINDS = { "Command", "Response", "Alert" }
local CIPHERING, SIGNING, BLOCK = 0xDD, 0xDF, 0xE0

local function mac_header(reader, tree)
  local group = reader:group(tree, "mac_header")
  reader:take(1, "general-ciphering tag")
  local at = reader.pos
  reader:add(group.item, "mac_header.empty", 6)
  if reader:range(at, 6):bytes():tohex() ~= ("00"):rep(6) then
    reader:fail("fields of the MAC header are not empty", at)
  end
  at = reader.pos
  local length = reader:length("ciphered-service length")
  group.item:add(f["mac_header.length"], reader:range(at, reader.pos - at), length)
  if length ~= reader:left() then
    reader:fail(("ciphered-service length is %.0f, but %d octets follow"):format(
      length, reader:left()), at)
  end
  at = reader.pos
  local _, control = reader:add(group.item, "mac_header.security_control", 1)
  if control ~= 0x11 then
    reader:fail(("security control is 0x%02X, expected 0x11"):format(control), at)
  end
  at = reader.pos
  local _, counter = reader:add(group.item, "mac_header.invocation_counter", 4)
  if counter ~= 0 then
    reader:fail("invocation counter of the MAC header is not 0", at)
  end
  reader:close(group)
end

local function expect_length(reader, wanted, what)
  local at = reader.pos
  local length = reader:uint(1, "length of " .. what)
  if length ~= wanted then
    reader:fail(("length of %s is %d, expected %d"):format(what, length, wanted), at)
  end
end

-- What the clock status octet of a stamp says (SECMP0015).
local function stamp_words(status)
  if status == 0xFF then
    return "not specified"
  end
  local invalid, doubtful = status % 2 == 1, math.floor(status / 2) % 2 == 1
  local word = (invalid or status >= 8) and "invalid" or doubtful and "unreliable" or "reliable"
  return word .. (math.floor(status / 4) % 2 == 1 and ", time of the GSME" or "")
end

local function date_time(reader, tree)
  local at = reader.pos
  local length = reader:uint(1, "date-time length")
  if length ~= 0 and length ~= 12 then
    reader:fail(("date-time length %d, expected 0 or 12"):format(length), at)
  elseif length == 0 then
    return
  end
  local start = reader.pos
  local item = reader:add(tree, "date_time", 12)
  local text, problem = times.cosem(reader:range(start, 12))
  item:append_text(" = " .. text)
  if problem then
    reader:fault(item, "date-time: " .. problem)
  end
  local octet = reader:range(start + 11, 1)
  tree:add(f["clock_status"], octet):append_text(" (" .. stamp_words(octet:uint()) .. ")")
end

local function other_information(reader, tree, message)
  local at = reader.pos
  local length = reader:length("other-information length")
  tree:add(f["other_length"], reader:range(at, reader.pos - at), length)
  local inner = reader:part(length, "other-information")
  local item, code = inner:add(tree, "message_code", 2)
  message.code = code
  message.use_case = names.use_cases[code]
  if message.use_case then
    tree:add(f["use_case"], message.use_case.id):set_generated()
  else
    item:append_text(" (not in the use case table)")
  end
  if inner:left() > 0 then
    inner:add(tree, "party", 8)
  end
  if inner:left() > 0 then
    inner:add(tree, "party_counter", 8)
  end
  if inner:left() > 0 and message.cra == 1 then
    inner:add(tree, "certificate", inner:left())
  elseif inner:left() > 0 then
    inner:add(tree, "party_originator_counter", 8)
    inner:finish("other-information")
  end
end

local function grouping(reader, tree, message)
  local group = reader:group(tree, "grouping")
  local at = reader.pos
  if reader:uint(1, "general-signing tag") ~= SIGNING then
    reader:fail("no general-signing tag 0xDF", at)
  end
  expect_length(reader, 9, "transaction-id")
  at = reader.pos
  local _, cra = reader:add(group.item, "cra", 1)
  if not KINDS[cra] then
    reader:fail(("CRA flag %d, expected 1, 2 or 3"):format(cra), at)
  end
  message.cra = cra
  message.counter = reader:range(reader.pos, math.min(8, reader:left()))
  reader:add(group.item, "originator_counter", 8)
  expect_length(reader, 8, "originator")
  message.originator = reader:range(reader.pos, math.min(8, reader:left()))
  reader:add(group.item, "originator", 8)
  expect_length(reader, 8, "target")
  message.target = reader:range(reader.pos, math.min(8, reader:left()))
  reader:add(group.item, "target", 8)
  date_time(reader, group.item)
  other_information(reader, group.item, message)
  at = reader.pos
  local length = reader:length("content length")
  group.item:add(f["content_length"], reader:range(at, reader.pos - at), length)
  reader:close(group)
  if length > reader:left() then
    reader:fail(("content length is %.0f, but %d octets follow"):format(length, reader:left()), at)
  end
  return reader:part(length, "content")
end

local function payload(inner, tree, message)
  local item = tree:add(f["payload"], inner:range(inner.pos, inner:left()))
  if inner:left() == 0 then
    inner:fault(item, "no content")
    return
  end
  local first = inner:peek()
  local protocol, read = "ASN.1", parts.asn1.read
  if first == 0x01 then
    protocol, read = "GBZ", parts.gbz.read
  elseif parts.dlms.begins(first) then
    protocol, read = "DLMS", parts.dlms.read
  end
  item:append_text(": " .. protocol)
  item:add(f["protocol"], protocol):set_generated()
  inner:sheltered(item, function() read(inner, item, message) end)
end

local function seals(reader, tree, message)
  if not message.maced and reader:left() == 0 then
    message.bare = true -- a pre-command ends before the signature
    return
  end
  local at = reader.pos
  local _, length = reader:add(tree, "signature_length", 1)
  if length ~= 0 and length ~= 64 then
    reader:fail(("signature length %d, expected 0 or 64"):format(length), at)
  elseif length == 64 then
    reader:add(tree, "signature", 64)
  end
  if message.maced then
    reader:add(tree, "mac", 12)
  end
  message.bare = not message.maced and length == 0
  reader:finish("the message")
end

local function read(reader, tree, message)
  local first = reader:uint(1, "the message")
  reader.pos = reader.pos - 1
  if first == CIPHERING then
    message.maced = true
    mac_header(reader, tree)
  elseif first ~= SIGNING then
    reader:fail(("0x%02X begins no message: expected 0xDD or 0xDF"):format(first))
  end
  local inner = grouping(reader, tree, message)
  payload(inner, tree, message)
  seals(reader, tree, message)
end

-- What the lists of Wireshark show of a message.
local function summarise(tree, pinfo, message)
  if not message.cra then
    pinfo.cols.info:set("not a GBCS message")
    return
  end
  local kind = KINDS[message.cra]
  if message.bare then
    kind = message.cra == 1 and "Pre-Command" or kind .. " without signature and MAC"
  end
  tree:add(f["kind"], kind):set_generated()
  local row = message.use_case
  local title = row and ("%s %s: %s"):format(row.id, kind, row.title)
    or message.code and ("%s 0x%04X"):format(kind, message.code) or kind .. ", cut off"
  if message.alert then
    title = ("%s, alert 0x%04X"):format(title, message.alert)
  end
  tree:append_text(": " .. title)
  pinfo.cols.info:set(title)
  if message.originator and message.originator:len() == 8 then
    pinfo.cols.src:set(message.originator:bytes():tohex())
  end
  if message.target and message.target:len() == 8 then
    pinfo.cols.dst:set(message.target:bytes():tohex())
  end
end

local function whole(tvb, pinfo, root)
  local tree = root:add(proto, tvb:range())
  local reader, message = Reader.new(tvb, 0, tvb:len()), {}
  reader:sheltered(tree, function() read(reader, tree, message) end)
  summarise(tree, pinfo, message)
end

-- Blocks that came before, by direction; and the message that a last block, by its packet, ended.
local pending, ended = {}, {}

function proto.init()
  pending, ended = {}, {}
end

local function join(pinfo, block, data)
  local key = pinfo.p2p_dir
  if pinfo.visited then
    return
  end
  if block.number == 1 then
    pending[key] = { number = 0, octets = ByteArray.new() }
  end
  local so_far = pending[key]
  if not so_far or so_far.number + 1 ~= block.number then
    pending[key] = nil
    return
  end
  so_far.number = block.number
  so_far.octets:append(data)
  if block.last then
    ended[pinfo.number] = so_far.octets
    pending[key] = nil
  end
end

local function one_block(tvb, pinfo, root)
  local tree = root:add(proto, tvb:range())
  local reader = Reader.new(tvb, 0, tvb:len())
  local block
  reader:sheltered(tree, function()
    local group = reader:group(tree, "block")
    reader:take(1, "General-Block-Transfer tag")
    local _, control = reader:add(group.item, "block.control", 1)
    local _, number = reader:add(group.item, "block.number", 2)
    reader:add(group.item, "block.acknowledged", 2)
    local at = reader.pos
    local length = reader:length("length of block-data")
    group.item:add(f["block.length"], reader:range(at, reader.pos - at), length)
    local start = reader.pos
    reader:add(group.item, "block.data", length)
    reader:close(group)
    reader:finish("the block")
    block = { number = number, last = control >= 0x80 }
    if length > 0 then
      join(pinfo, block, reader:range(start, length):bytes())
    end
  end)
  if block then
    local text = ("Block %d%s"):format(block.number, block.last and ", the last one" or "")
    tree:append_text(": " .. text)
    pinfo.cols.info:set(text)
  end
  local octets = ended[pinfo.number]
  if octets then
    whole(octets:tvb("Joined blocks"), pinfo, root)
  end
end

function proto.dissector(tvb, pinfo, root)
  pinfo.cols.protocol:set("GBCS")
  if tvb:len() > 0 and tvb:range(0, 1):uint() == BLOCK then
    one_block(tvb, pinfo, root)
  else
    whole(tvb, pinfo, root)
  end
  return tvb:len()
end

-- Captures name the dissector themselves (exported PDU). Octets of a stream: "Decode As".
DissectorTable.get("tcp.port"):add_for_decode_as(proto)
DissectorTable.get("udp.port"):add_for_decode_as(proto)

return proto
