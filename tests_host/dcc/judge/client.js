// A user of the gateway, made of the DCC's own public packages: duis-parser makes and reads the
// documents, duis-sign-wrap (Java) signs requests and validates what comes back.
//
// node client.js PLAN.json: { gateway, port, key, requests: [{ name, template, target, counter }] }.
// Prints a line of JSON for each thing that happened.
const { createPrivateKey, sign } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { createServer } = require('node:http')
const { constructDuis, parseDuis } = require('@smartdcc/duis-parser')
const { signDuis, validateDuis } = require('@smartdcc/duis-sign-wrap')

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const key = createPrivateKey(readFileSync(plan.key))
const waiting = new Map()

function tell (what) {
  const text = (_, value) => typeof value === 'bigint' ? value.toString() : value
  process.stdout.write(`${JSON.stringify(what, text)}\n`)
}

function idOf (duis) {
  const id = duis.header.requestId
  return `${id.originatorId}:${id.targetId}:${id.counter}`.toLowerCase()
}

async function read (xml) {
  return parseDuis('simplified', await validateDuis({ xml }))
}

async function post (service, xml) {
  const answer = await fetch(`${plan.gateway}/api/v1/service${service}`, {
    method: 'POST',
    headers: { 'content-type': 'application/xml' },
    body: xml
  })
  if (!answer.ok) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`)
  return read(await answer.text())
}

// The user's signature over a pre-command: grouping header without its first octet, and payload.
function signed (preCommand) {
  const octets = Buffer.from(preCommand, 'base64')
  const value = sign('sha256', octets.subarray(1), { key, dsaEncoding: 'ieee-p1363' })
  return Buffer.concat([octets, Buffer.from([0x40]), value]).toString('base64')
}

async function ask (wanted) {
  const duis = parseDuis('simplified', readFileSync(wanted.template))
  duis.header.requestId.targetId = wanted.target
  duis.header.requestId.counter = BigInt(wanted.counter)
  const critical = duis.header.commandVariant.number === 4
  const arrived = new Promise((resolve) => waiting.set(idOf(duis), resolve))
  const send = async (service) => post(service, await signDuis({
    xml: constructDuis('simplified', duis), preserveCounter: true
  }))
  let answer = await send(critical ? 'T' : 'S')
  if (critical) {
    const preCommand = answer.body.ResponseMessage.PreCommand
    tell({ name: wanted.name, step: 'transformed', code: answer.header.responseCode, preCommand })
    duis.header.commandVariant = 5
    duis.body = { SignedPreCommand: { GBCSPayload: signed(preCommand.GBCSPayload) } }
    answer = await send('S')
  }
  tell({ name: wanted.name, step: 'acknowledged', code: answer.header.responseCode })
  const response = await arrived
  const payload = response.body.ResponseMessage.GBCSPayload
  tell({ name: wanted.name, step: 'answered', code: response.header.responseCode, payload })
}

const listener = createServer((request, reply) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', async () => {
    try {
      const duis = await read(Buffer.concat(parts).toString())
      reply.writeHead(204).end()
      if (!duis.header.requestId) return tell({ step: 'alert' })
      waiting.get(idOf(duis))?.(duis)
    } catch (error) {
      tell({ step: 'refused', why: String(error) })
      reply.writeHead(400).end()
    }
  })
})

listener.listen(plan.port, '127.0.0.1', async () => {
  try {
    for (const wanted of plan.requests) await ask(wanted)
  } catch (error) {
    tell({ step: 'failed', why: String(error) })
    process.exitCode = 1
  }
  listener.close()
  listener.closeAllConnections()
})
