'use strict'
const MOST = 500
const body = (id) => document.getElementById(id)
let last = 0

function row (texts, marks) {
  const line = document.createElement('tr')
  texts.forEach((text, n) => {
    const cell = document.createElement('td')
    cell.textContent = text
    if (marks[n]) cell.className = marks[n]
    line.append(cell)
  })
  return line
}

function show (now) {
  body('devices').replaceChildren(...now.devices.map((it) => row(
    [it.device, it.type, it.status, it.link, it.waiting, it.error],
    ['', '', '', it.link === 'up' ? 'good' : 'bad', '', 'bad']
  )))
  for (const it of now.rows) {
    const code = it.response_code
    body('messages').prepend(row(
      [it.time, it.device, it.direction, it.kind, it.srv, it.title, it.use_case, code],
      ['', '', '', '', '', '', '', code.startsWith('E') ? 'bad' : '']
    ))
  }
  while (body('messages').rows.length > MOST) body('messages').lastChild.remove()
  const refused = Object.entries(now.refused).map(([code, count]) => `${code}: ${count}`)
  const parts = [`${now.posts} to be posted`, ...now.errors]
  if (refused.length) parts.push(`refused since the start: ${refused.join(', ')}`)
  body('state').textContent = parts.join('; ')
  last = now.last
}

async function look () {
  try {
    const answer = await fetch(`live?after=${last}`)
    if (!answer.ok) throw new Error(String(answer.status))
    show(await answer.json())
  } catch {
    body('state').textContent = 'the gateway does not answer'
  }
  setTimeout(look, document.hidden ? 5000 : 1000)
}

look()
