-- The protocol, its fields (what a display filter may name) and its expert items.
local names = parts.names
local M = { proto = Proto("gbcs", "GB Companion Specification message") }

local function titles()
  local out = {}
  for code, row in pairs(names.use_cases) do
    out[code] = row.id .. ": " .. row.title
  end
  return out
end

local function cluster_names()
  local out = {}
  for number, row in pairs(names.clusters) do
    out[number] = row.name
  end
  return out
end

-- Field of the message: { kind of ProtoField, name for people, base, words for values }.
local TABLE = {
  ["mac_header"] = { "none", "MAC header (general-ciphering)" },
  ["mac_header.empty"] = { "bytes", "Empty fields" },
  ["mac_header.length"] = { "uint32", "Ciphered-service length" },
  ["mac_header.security_control"] = { "uint8", "Security control", base.HEX },
  ["mac_header.invocation_counter"] = { "uint32", "Invocation counter" },
  ["grouping"] = { "none", "Grouping header (general-signing)" },
  ["cra"] = { "uint8", "CRA flag", base.DEC, { "Command", "Response", "Alert" } },
  ["originator_counter"] = { "uint64", "Originator counter" },
  ["originator"] = { "bytes", "Originator" },
  ["target"] = { "bytes", "Target" },
  ["date_time"] = { "bytes", "Date-time" },
  ["clock_status"] = { "uint8", "Clock status", base.HEX },
  ["other_length"] = { "uint32", "Other information length" },
  ["message_code"] = { "uint16", "Message code", base.HEX, titles() },
  ["use_case"] = { "string", "Use case" },
  ["kind"] = { "string", "Kind" },
  ["party"] = { "bytes", "Supplementary remote party" },
  ["party_counter"] = { "uint64", "Supplementary remote party counter" },
  ["party_originator_counter"] = { "uint64", "Supplementary originator counter" },
  ["certificate"] = { "bytes", "Key agreement certificate" },
  ["content_length"] = { "uint32", "Content length" },
  ["payload"] = { "none", "Payload" },
  ["protocol"] = { "string", "Protocol of the payload" },
  ["signature_length"] = { "uint8", "Signature length" },
  ["signature"] = { "bytes", "Signature" },
  ["mac"] = { "bytes", "MAC" },
  ["not_read"] = { "bytes", "Not read" },

  ["block"] = { "none", "General-Block-Transfer" },
  ["block.control"] = { "uint8", "Block control", base.HEX },
  ["block.number"] = { "uint16", "Block number" },
  ["block.acknowledged"] = { "uint16", "Block number acknowledged" },
  ["block.length"] = { "uint32", "Length of block data" },
  ["block.data"] = { "bytes", "Block data" },

  ["gbz.profile"] = { "uint16", "Profile", base.HEX },
  ["gbz.components"] = { "uint8", "Components" },
  ["gbz.component"] = { "none", "Component" },
  ["gbz.control"] = { "uint8", "Control", base.HEX },
  ["gbz.cluster"] = { "uint16", "Cluster", base.HEX, cluster_names() },
  ["gbz.length"] = { "uint16", "Length" },
  ["gbz.from"] = { "uint32", "From date-time" },
  ["gbz.frame_counter"] = { "uint16", "Additional header frame counter" },
  ["gbz.ciphered_length"] = { "uint16", "Ciphered information length" },
  ["gbz.security_header"] = { "bytes", "Security header" },
  ["gbz.ciphertext"] = { "bytes", "Ciphertext" },
  ["gbz.tag"] = { "bytes", "Tag" },
  ["alert_code"] = { "uint16", "Alert code", base.HEX },
  ["alert_time"] = { "uint32", "Alert time" },
  ["alert_body"] = { "bytes", "Alert body" },

  ["zcl.frame_control"] = { "uint8", "Frame control", base.HEX },
  ["zcl.manufacturer"] = { "uint16", "Manufacturer code", base.HEX },
  ["zcl.sequence"] = { "uint8", "Sequence number" },
  ["zcl.command"] = { "uint8", "Command", base.HEX },
  ["zcl.command_name"] = { "string", "Command name" },
  ["zcl.attribute"] = { "uint16", "Attribute", base.HEX },
  ["zcl.status"] = { "uint8", "Status", base.HEX, names.statuses },
  ["zcl.type"] = { "uint8", "Data type", base.HEX, names.zcl_types },
  ["zcl.uint"] = { "uint64", "Number" },
  ["zcl.int"] = { "int64", "Signed number" },
  ["zcl.time"] = { "uint32", "Time, seconds since 2000" },
  ["zcl.octets"] = { "bytes", "Octets" },
  ["zcl.text"] = { "string", "Text" },
  ["zcl.group"] = { "none", "Fields" },
  ["zcl.ignored"] = { "bytes", "Octets without meaning" },

  ["dlms.apdu"] = { "uint8", "APDU", base.HEX, names.apdus },
  ["dlms.invoke_id"] = { "uint32", "Long-invoke-id", base.HEX },
  ["dlms.date_time"] = { "bytes", "Date-time" },
  ["dlms.specifications"] = { "uint32", "Specifications" },
  ["dlms.access"] = { "none", "Access" },
  ["dlms.choice"] = { "uint8", "Operation", base.DEC, names.operations },
  ["dlms.class"] = { "uint16", "Class", base.DEC, names.classes },
  ["dlms.obis"] = { "bytes", "OBIS code" },
  ["dlms.attribute"] = { "uint8", "Attribute or method" },
  ["dlms.selector"] = { "uint8", "Access selector" },
  ["dlms.data"] = { "uint32", "Data" },
  ["dlms.results"] = { "uint32", "Results" },
  ["dlms.result_choice"] = { "uint8", "Result of", base.DEC, names.operations },
  ["dlms.result"] = { "uint8", "Result", base.DEC, names.results },
  ["axdr.group"] = { "none", "Value" },
  ["axdr.uint"] = { "uint64", "Number" },
  ["axdr.int"] = { "int64", "Signed number" },
  ["axdr.boolean"] = { "uint8", "Boolean" },
  ["axdr.octets"] = { "bytes", "Octet string" },
  ["axdr.bits"] = { "string", "Bit string" },
  ["axdr.text"] = { "string", "Text" },
  ["axdr.raw"] = { "bytes", "Octets of the type" },
  ["axdr.null"] = { "none", "No value" },

  ["asn1.group"] = { "none", "Element" },
  ["asn1.integer"] = { "int64", "Integer" },
  ["asn1.boolean"] = { "uint8", "Boolean" },
  ["asn1.octets"] = { "bytes", "Octets" },
  ["asn1.bits"] = { "bytes", "Bit string" },
  ["asn1.oid"] = { "string", "Object identifier" },
  ["asn1.text"] = { "string", "Text" },
  ["asn1.null"] = { "none", "Null" },
}

-- A number has the base and the words of its values, the other kinds have neither.
M.f = {}
local all = {}
for name, row in pairs(TABLE) do
  local kind, title, shown, words = row[1], row[2], row[3], row[4]
  local abbreviation = "gbcs." .. name
  if kind:find("int", 1, true) then
    M.f[name] = ProtoField[kind](abbreviation, title, shown or base.DEC, words)
  else
    M.f[name] = ProtoField[kind](abbreviation, title)
  end
  all[#all + 1] = M.f[name]
end
M.proto.fields = all

M.malformed = ProtoExpert.new(
  "gbcs.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
M.refused = ProtoExpert.new(
  "gbcs.refused", "Not success", expert.group.RESPONSE_CODE, expert.severity.NOTE)
M.proto.experts = { M.malformed, M.refused }

return M
