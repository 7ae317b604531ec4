"use strict";
// The last requests. Texts are put there as texts: whatever a path holds, it is shown and never run.

const MOST = 500;
const table = document.getElementById("live");
const body = document.getElementById("rows");
const filter = document.getElementById("filter");
const pauseButton = document.getElementById("pause");
const newer = document.getElementById("newer");
const none = document.getElementById("none");
const SVG = "http://www.w3.org/2000/svg";

let shown = []; // newest first
let held = [];
let missed = 0;
let unseen = 0;
let paused = false;
let inside = false;

function made(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function took(seconds) {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return `${seconds.toFixed(1)} s`;
}

function tone(row) {
  if (row.status >= 500) return "bad";
  return row.status >= 400 ? "busy" : "good";
}

// ------------------------------------------------------------------ one row

function line(row) {
  const tr = made("tr", "row");
  tr.dataset.id = row.key;
  const time = new Date(row.wall * 1000);
  const cells = [
    made("td", "muted when", time.toLocaleTimeString([], { hour12: false })),
    made("td", `status-cell ${tone(row)}`, row.status),
    made("td", "request"),
    made("td", "spare", row.client || "–"),
    made("td", "said"),
    made("td", "number tries", row.attempts),
    made("td", "number", took(row.seconds)),
  ];
  const open = made("button", "open");
  open.type = "button";
  open.setAttribute("aria-expanded", "false");
  open.append(made("span", "method", row.method), " ", made("code", "", row.path));
  cells[2].append(open);
  if (row.code) cells[4].append(made("code", tone(row), row.code));
  else if (row.note) cells[4].append(made("span", "muted", row.note));
  else if (row.status >= 400 && row.status !== 499) cells[4].append(made("span", "muted", "the API's answer"));
  else if (row.attempts > 1) cells[4].append(made("span", "muted", "replayed"));
  tr.append(...cells);
  return tr;
}

function timeline(row) {
  const figure = made("div", "timeline");
  const whole = Math.max(row.seconds, 1e-6);
  for (const [step, begins, seconds] of row.spans) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 1000 10");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const bar = document.createElementNS(SVG, "rect");
    bar.setAttribute("x", (1000 * begins) / whole);
    bar.setAttribute("width", Math.max(3, (1000 * seconds) / whole));
    bar.setAttribute("y", 0);
    bar.setAttribute("height", 10);
    bar.setAttribute("class", ["first byte", "replay", "connect"].includes(step) ? "theirs" : "ours");
    svg.append(bar);
    figure.append(made("span", "", step), svg, made("span", "number", took(seconds)));
  }
  return figure;
}

function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function curl(row) {
  const words = ["curl", "-i"];
  if (row.method !== "GET") words.push("-X", row.method);
  words.push(table.dataset.base + row.path);
  if (table.dataset.key) words.push("-H", `Authorization: Bearer ${table.dataset.key}`);
  return words.map(quoted).join(" ");
}

function detail(row) {
  const tr = made("tr", "detail");
  const cell = made("td");
  cell.colSpan = 7;
  const box = made("div", "opened");
  for (const sentence of row.why) box.append(made("p", "", sentence));
  const facts = made("dl", "facts");
  const told = [
    ["Route", row.route || "none"],
    ["Provider", row.provider],
    ["Client", row.client],
    ["Origin", row.origin],
    ["Request", row.id],
    ["Trace", row.trace],
    ["Received", row.received ? `${row.received.toLocaleString()} bytes` : ""],
    ["Sent", row.sent ? `${row.sent.toLocaleString()} bytes` : ""],
    ["API", row.upstream ? took(row.upstream) : ""],
    ["Keyless", took(row.own)],
  ];
  for (const [name, value] of told) {
    if (!value) continue;
    const pair = made("div");
    pair.append(made("dt", "", name), made("dd", "", value));
    facts.append(pair);
  }
  const copying = made("button", "", "Copy as curl");
  copying.type = "button";
  copying.addEventListener("click", async () => {
    copying.textContent = (await copy(curl(row))) ? "Copied" : curl(row);
    setTimeout(() => { copying.textContent = "Copy as curl"; }, 1500);
  });
  box.append(timeline(row), facts, copying);
  cell.append(box);
  tr.append(cell);
  return tr;
}

body.addEventListener("click", (event) => {
  const tr = event.target.closest("tr.row");
  if (!tr) return;
  const open = tr.querySelector(".open");
  const isOpen = open.getAttribute("aria-expanded") === "true";
  open.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) tr.nextElementSibling.remove();
  else tr.after(detail(shown.find((row) => row.key === tr.dataset.id)));
});

// ------------------------------------------------------------------ which rows

function matches(row) {
  const text = [row.method, row.path, row.route, row.client, row.provider, row.status, row.code, row.note, `${Math.floor(row.status / 100)}xx`]
    .join(" ")
    .toLowerCase();
  return filter.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function all() {
  body.replaceChildren(...shown.filter(matches).map(line));
  say(none, shown.length ? "No request fits the filter." : "No request yet.");
  none.hidden = body.childElementCount > 0;
}

// A list that someone reads, points at or moves about in stays where it is; what is new waits above it.
function busy() {
  return paused || inside || body.contains(document.activeElement) || body.querySelector(".detail") || table.getBoundingClientRect().top < 0;
}

function settle() {
  const count = held.length + missed;
  newer.hidden = !count;
  if (count) say(newer, `${count.toLocaleString()} new ${count === 1 ? "request" : "requests"}`);
}

function release() {
  const fresh = held.reverse();
  held = [];
  unseen += missed;
  missed = 0;
  document.getElementById("missed").hidden = !unseen;
  say(document.getElementById("missed"), `${unseen.toLocaleString()} more went by too fast to be listed.`);
  shown = [...fresh, ...shown].slice(0, MOST);
  body.prepend(...fresh.filter(matches).map(line));
  const kept = new Set(shown.map((row) => row.key));
  for (const tr of [...body.querySelectorAll("tr.row")].reverse()) {
    if (kept.has(tr.dataset.id)) break;
    if (tr.nextElementSibling?.className === "detail") tr.nextElementSibling.remove();
    tr.remove();
  }
  none.hidden = body.childElementCount > 0;
  settle();
}

listeners.backlog = (rows) => {
  const known = new Set([...shown, ...held].map((row) => row.key));
  const fresh = rows.filter((row) => !known.has(row.key));
  if (shown.length) {
    held.push(...fresh);
    if (busy()) settle();
    else release();
    return;
  }
  shown = fresh.reverse();
  all();
};

listeners.rows = ({ rows, missed: more }) => {
  held.push(...rows);
  missed += more;
  while (held.length > MOST) { held.shift(); missed += 1; }
  if (busy()) settle();
  else release();
};

pauseButton.addEventListener("click", () => {
  paused = !paused;
  pauseButton.setAttribute("aria-pressed", String(paused));
  pauseButton.textContent = paused ? "Go on" : "Pause";
  if (!busy()) release();
});
newer.addEventListener("click", () => {
  if (paused) pauseButton.click();
  window.scrollTo({ top: 0 });
  release();
});
filter.addEventListener("input", all);
body.addEventListener("pointerenter", () => { inside = true; });
body.addEventListener("pointerleave", () => {
  inside = false;
  if (held.length && !busy()) release();
});
all();
