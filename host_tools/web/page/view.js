// Follows a home, or one display: one stream of events in, what its buttons ask for out. Nothing else is asked.
"use strict";

const KEPT = { frames: 60, log: 40 };
const MONO = ["#080a10", "#d8f0ff"];
const SVG = "http://www.w3.org/2000/svg";
const EPOCH = Date.UTC(2000, 0, 1);
const WHO = { home: "Home", supplier: "Supplier", operator: "Network operator", gas: "Gas", power: "Power", board: "Board", display: "Display" };
const { what: WHAT, command: COMMAND } = document.body.dataset;
const $ = (id) => document.getElementById(id);

let frames = [];
let held = false;
let acts = 0; // done so far, as the home tells
let pressed = null; // what it told when a button was pressed, until it tells of more

function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// --- The home ---------------------------------------------------------------------------------

function showHome(home) {
  const now = new Date(home.time);
  const day = now.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  put($("now"), `${day}, ${home.time.slice(11, 19)}`);
  $("now").dateTime = home.time;
  put($("link"), `${home.frames.toLocaleString("en-GB")} frames so far; ${home.verified} answers verified`);
  const { busy } = home;
  acts = home.acts;
  if (pressed !== null && acts > pressed) pressed = null;
  if (busy || !$("busy").classList.contains("wrong")) {
    $("busy").classList.remove("wrong");
    put($("busy"), busy ? `Just a moment: ${busy}.` : "");
  }
  offer(!busy && pressed === null);
  if ($("act-clock")) put($("act-clock").lastElementChild, home.clockLost ? "Gas meter gets its clock back" : "Gas meter loses its clock");
  const chosen = document.querySelector(`[name=speed][value="${home.speed}"]`);
  if (chosen) chosen.checked = true;
}

function offer(possible) {
  for (const button of document.querySelectorAll(".acts button")) {
    button.setAttribute("aria-disabled", possible ? "false" : "true");
  }
}

function showDevices(devices) {
  for (const device of devices) {
    const card = $(`card-${device.role}`);
    card.classList.toggle("off", !device.on);
    card.classList.toggle("doubt", device.on && device.status !== "reliable");
    const display = $(`display-${device.role}`);
    if (display) display.classList.toggle("off", !device.on);
    put(card.querySelector(".power"), device.on ? `on, clock ${device.status}` : device.gone ? `gone: nothing at ${device.gone}` : "off: no power");
    const lamp = card.querySelector(".lamp");
    if (!device.on) {
      lamp.classList.remove("sends");
      continue;
    }
    lamp.classList.toggle("sends", lamp.dataset.sent !== undefined && Number(lamp.dataset.sent) !== device.sent);
    lamp.dataset.sent = device.sent;
    const rows = [...device.rows, ["Its clock", device.clock], ["Frames sent", device.sent.toLocaleString("en-GB")], ["Memory in use", `${Math.round(device.memory / 1024)} KB`]];
    const list = card.querySelector("dl");
    while (list.children.length > rows.length) list.lastElementChild.remove();
    rows.forEach(([name, value], at) => {
      if (!list.children[at]) {
        const row = make("div");
        row.append(make("dt"), make("dd"));
        list.append(row);
      }
      put(list.children[at].children[0], name);
      put(list.children[at].children[1], value);
    });
  }
}

// --- Screens ----------------------------------------------------------------------------------

function showScreen(role, screen) {
  const canvas = $(`screen-${role}`);
  if (screen === null) {
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    canvas.dataset.page = "";
    canvas.setAttribute("aria-label", `${role.toUpperCase()} screen: dark, the device is off or gone`);
    return;
  }
  const { width, height } = screen;
  const octets = Uint8Array.from(atob(screen.pixels), (letter) => letter.charCodeAt(0));
  const mono = screen.palette.length === 0;
  const palette = (mono ? MONO : screen.palette).map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
  const image = new ImageData(width, height);
  for (let at = 0; at < width * height; at += 1) {
    const row = Math.floor(at / width);
    // MONO_VLSB: an octet is eight rows of a column; GS4_HMSB: an octet is two pixels.
    const colour = mono
      ? (octets[(row >> 3) * width + (at % width)] >> (row & 7)) & 1
      : at & 1 ? octets[at >> 1] & 15 : octets[at >> 1] >> 4;
    image.data.set([...palette[colour], 255], at * 4);
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.dataset.page = screen.page;
  canvas.dataset.check = screen.check;
  canvas.dataset.palette = JSON.stringify(screen.palette);
  const page = screen.page === "notice" ? "data cleared: new tenancy" : screen.page;
  canvas.setAttribute("aria-label", `${role.toUpperCase()} screen, page ${page}, part ${screen.part}`);
}

// --- Plots ------------------------------------------------------------------------------------

const LEFT = 56, RIGHT = 12, TOP = 14, BOTTOM = 190, WIDE = 640;

function draw(parent, tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function moment(seconds) {
  return new Date(EPOCH + seconds * 1000).toISOString();
}

// Three steps of a round size from `low` up.
function axes(svg, first, last, low, most, unit) {
  const rise = Math.ceil((most - low) / 3 / 5) * 5 || 5;
  const high = low + 3 * rise;
  const x = (when) => LEFT + ((when - first) / Math.max(last - first, 1)) * (WIDE - LEFT - RIGHT);
  const y = (value) => BOTTOM - ((value - low) / Math.max(high - low, 1e-9)) * (BOTTOM - TOP);
  svg.replaceChildren();
  for (let value = low; value <= high; value += rise) {
    draw(svg, "line", { class: "grid", x1: LEFT, x2: WIDE - RIGHT, y1: y(value), y2: y(value) });
    draw(svg, "text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, `${value} ${unit}`);
  }
  const step = [1800, 3600, 10800, 21600, 43200].find((one) => (last - first) / one <= 8) || 86400;
  for (let when = Math.ceil(first / step) * step; when <= last; when += step) {
    draw(svg, "line", { class: "grid", x1: x(when), x2: x(when), y1: TOP, y2: BOTTOM });
    const text = when % 86400 === 0 ? moment(when).slice(5, 10) : moment(when).slice(11, 16);
    draw(svg, "text", { x: x(when), y: BOTTOM + 18, "text-anchor": "middle" }, text);
  }
  return { x, y };
}

function showVoltage(log) {
  if (log.points.length === 0) return;
  const svg = $("plot-voltage");
  const values = log.points.map(([, volts]) => volts);
  const limits = [log.over, log.under].filter((value) => value !== null);
  const low = Math.floor((Math.min(...values, ...limits) - 4) / 10) * 10;
  const high = Math.max(...values, ...limits) + 2;
  const last = log.points[log.points.length - 1][0];
  const first = Math.min(log.points[0][0], last - 6 * 3600);
  const { x, y } = axes(svg, first, last, low, high, "V");
  for (const [value, name] of [[log.over, "over"], [log.under, "under"]]) {
    if (value === null) continue;
    draw(svg, "line", { class: "limit", x1: LEFT, x2: WIDE - RIGHT, y1: y(value), y2: y(value) });
    draw(svg, "text", { x: LEFT + 4, y: y(value) - 4 }, `${name} voltage: ${value} V`);
  }
  let pen = false, before = 0;
  const path = log.points.map(([when, volts]) => {
    const joined = pen && when - before <= 1800;
    pen = true;
    before = when;
    return `${joined ? "L" : "M"}${x(when).toFixed(1)} ${y(volts).toFixed(1)}`;
  });
  draw(svg, "path", { class: "curve", d: path.join("") });
  for (const [when, volts] of log.points) {
    const dot = draw(svg, "circle", { class: "dot", cx: x(when), cy: y(volts), r: 2.5 });
    draw(dot, "title", {}, `${moment(when).slice(0, 16).replace("T", " ")}: ${volts} V`);
  }
  const shown = log.events.filter(([when]) => when >= first && when <= last);
  for (const [when, text] of shown) {
    draw(svg, "line", { class: "eventline", x1: x(when), x2: x(when), y1: TOP, y2: BOTTOM });
    const mark = draw(svg, "path", { class: "event", d: `M${x(when) - 5} ${TOP - 6}h10l-5 9z` });
    draw(mark, "title", {}, `${moment(when).slice(0, 19).replace("T", " ")}: ${text}`);
  }
  svg.dataset.points = log.points.length;
  svg.dataset.events = log.events.length;
  svg.dataset.lowest = Math.min(...values);
  svg.setAttribute("aria-label", `Voltage log: ${log.points.length} half-hourly averages from ${Math.min(...values)} to ${Math.max(...values)} V, the last ${values[values.length - 1]} V; ${shown.length} events`);
}

function showStamp(document_) {
  const svg = $("plot-stamp");
  const now = document_.now;
  const words = now === null ? "the proxy has no power" : now[1] < 0 ? `no time, ${now[3]}` : `${Math.round(now[1] / 60)} min old, the ${now[2]}'s time, ${now[3]}`;
  put($("stamp-now"), words);
  const points = document_.points;
  if (points.length === 0) return;
  const last = points[points.length - 1][0];
  const first = Math.max(points[0][0], last - 12 * 3600);
  const recent = points.filter(([when]) => when >= first);
  const oldest = Math.max(30, ...recent.map(([, age]) => age / 60));
  const { x, y } = axes(svg, first, last, 0, oldest, "min");
  let run = null;
  const runs = [];
  for (const [when, age, source] of recent) {
    const kind = age < 0 ? "none" : source;
    if (!run || run.kind !== kind || when - run.last > 1900) {
      run = { kind, last: when, points: [] };
      runs.push(run);
    }
    run.points.push([x(when), y(Math.max(age, 0) / 60)]);
    run.last = when;
  }
  for (const one of runs) {
    if (one.points.length === 1) one.points.push([one.points[0][0] + 2, one.points[0][1]]);
    const path = one.points.map(([left, top], at) => `${at ? "L" : "M"}${left.toFixed(1)} ${top.toFixed(1)}`);
    draw(svg, "path", { class: one.kind, d: path.join("") });
  }
  svg.dataset.source = now === null ? "" : now[2];
  svg.dataset.status = now === null ? "" : now[3];
  svg.setAttribute("aria-label", `Age of the gas value in the last 12 hours, at most ${Math.round(oldest)} minutes; now: ${words}`);
}

// --- Log and frames ---------------------------------------------------------------------------

function addLog(rows) {
  const list = $("log");
  for (const row of rows) {
    const item = make("li", undefined, { class: `k-${row.kind}` });
    item.append(make("time", `${row.time.slice(0, 10)} ${row.time.slice(11, 19)}`, { datetime: row.time }));
    item.append(make("span", `${WHO[row.kind] || row.kind}: `, { class: "kind" }), row.text);
    list.prepend(item);
  }
  while (list.children.length > KEPT.log) list.lastElementChild.remove();
}

function addFrames(rows) {
  frames = [...rows.slice().reverse(), ...frames].slice(0, KEPT.frames);
  const skipped = rows.reduce((sum, row) => sum + row.skipped, 0);
  if (!held) {
    drawFrames();
    put($("frames-note"), skipped ? `${skipped} others passed too quickly to be shown.` : "Every frame is shown.");
  }
}

function drawFrames() {
  const of = $("frames-of").value;
  const body = $("frames");
  const rows = frames.filter((row) => !of || row.from === of || row.to === of || row.to === "all").slice(0, 40);
  body.replaceChildren(...rows.map((row) => {
    const line = make("tr", undefined, row.wrong ? { class: "wrong" } : {});
    const command = make("td", row.command);
    command.append(make("small", `${row.cluster}, ${row.octets} octets`));
    const carries = make("td");
    carries.append(make("span", row.carries || "–", { title: row.carries }));
    line.append(make("td", row.time), make("td", row.from), make("td", row.to), command, carries);
    return line;
  }));
}

// --- Stream and buttons -----------------------------------------------------------------------

function take(update) {
  if (update.home) showHome(update.home);
  if (update.devices) showDevices(update.devices);
  for (const role of ["ihd", "ppmid"]) {
    if (update[`screen_${role}`] !== undefined) showScreen(role, update[`screen_${role}`]);
  }
  if (update.voltage) showVoltage(update.voltage);
  if (update.stamp) showStamp(update.stamp);
  if (update.log) addLog(update.log);
  if (update.frames) addFrames(update.frames);
  if (update.stopped !== undefined) alarm(`${WHAT} has stopped: ${update.stopped}`);
}

function alarm(text) {
  put($("alarm"), text);
  $("alarm").hidden = text === "";
}

const stream = new EventSource("events");
stream.onopen = () => {
  // Everything comes again.
  frames = [];
  if ($("log")) $("log").replaceChildren();
  alarm("");
};
stream.onmessage = (event) => take(JSON.parse(event.data));
stream.onerror = () => alarm(`${WHAT} does not answer: has ${COMMAND} ended? This page tries again by itself.`);

async function act(what) {
  const waits = !["key", "speed", "reset"].includes(what.do);
  if (waits) {
    pressed = acts;
    offer(false);
  }
  try {
    const answer = await fetch("act", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });
    const told = await answer.json();
    const repaired = answer.ok && $("busy").classList.contains("wrong");
    $("busy").classList.toggle("wrong", !answer.ok);
    if (repaired) put($("busy"), "");
    if (!answer.ok) {
      put($("busy"), told.error);
      if (waits) {
        pressed = null;
        offer(true);
      }
    }
  } catch {
    alarm(`${WHAT} does not answer.`);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.getAttribute("aria-disabled") === "true") return;
  if (button.dataset.do === "cut") act({ do: "cut", device: $("cut-device").value });
  else if (button.dataset.do === "reset") act({ do: "reset", role: button.closest(".card").dataset.role });
  else if (button.dataset.do) act({ do: button.dataset.do });
  else if (button.dataset.key) act({ do: "key", role: button.closest(".display").dataset.role, key: button.dataset.key });
});

const ARROWS = { ArrowLeft: "back", ArrowRight: "next" };
document.addEventListener("keydown", (event) => {
  const displays = document.querySelectorAll(".display");
  const alone = displays.length === 1;
  const display = alone ? displays[0] : event.target.closest(".display");
  const key = ARROWS[event.key] || (alone && event.key === "Enter" && !event.target.closest("button, a") && "ok");
  if (!display || !key) return;
  event.preventDefault();
  act({ do: "key", role: display.dataset.role, key });
});
document.addEventListener("change", (event) => {
  if (event.target.name === "speed") act({ do: "speed", speed: Number(event.target.value) });
  if (event.target.id === "frames-of") drawFrames();
  if (event.target.id === "hold") {
    held = event.target.checked;
    if (!held) drawFrames();
  }
});
