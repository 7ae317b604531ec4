"use strict";
// What keeps a page alive: its middle told anew, times that run, buttons that stay on the page.

const parsing = window.trustedTypes
  ? trustedTypes.createPolicy("keyless", { createHTML: (html) => html })
  : { createHTML: (html) => html };

function parsed(html) {
  return new DOMParser().parseFromString(parsing.createHTML(html), "text/html");
}

function morph(target, nodes) {
  Idiomorph.morph(target, nodes, { morphStyle: "innerHTML", ignoreActiveValue: true });
  run();
}

// ------------------------------------------------------------------ times

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function brief(seconds) {
  const left = Math.max(0, seconds);
  for (const [unit, size] of UNITS) {
    if (left >= size || unit === "s") return `${Math.floor(left / size)}${unit[0]}`;
  }
}

function lasting(seconds) {
  let left = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count) parts.push(`${count} ${unit}`);
    else if (parts.length) break;
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function run() {
  const now = Date.now() / 1000;
  for (const element of document.querySelectorAll("[data-ago]")) {
    const past = now - element.dataset.ago;
    say(element, past < 2 ? "just now" : `${lasting(past)} ago`);
  }
  for (const element of document.querySelectorAll("[data-ahead]")) {
    const left = element.dataset.ahead - now;
    say(element, left < 1 ? "now" : `in ${lasting(left)}`);
  }
  for (const element of document.querySelectorAll("[data-brief]")) {
    say(element, brief(element.dataset.brief - now));
  }
  for (const circle of document.querySelectorAll("[data-to]")) {
    const { from, to } = circle.dataset;
    const left = Math.min(100, Math.max(0, (100 * (to - now)) / (to - from)));
    circle.setAttribute("stroke-dasharray", `${left.toFixed(1)} 100`);
  }
}

// ------------------------------------------------------------------ events

const link = document.getElementById("link");
const listeners = {};
let source = null;

function linked(word) {
  link.classList.toggle("lost", word !== "live");
  link.querySelector(".word").textContent = word;
}

function listen() {
  const path = document.body.dataset.stream;
  if (!path || source) return;
  source = new EventSource(path);
  source.onopen = () => linked("live");
  source.onerror = () => linked("reconnecting");
  source.addEventListener("middle", (event) => {
    if (document.getSelection().isCollapsed) {
      morph(document.getElementById("middle"), [...parsed(JSON.parse(event.data)).body.childNodes]);
    }
  });
  for (const [name, heard] of Object.entries(listeners)) {
    source.addEventListener(name, (event) => heard(JSON.parse(event.data)));
  }
}

// A browser has six connections to a server: pages that nobody sees keep none of them.
document.addEventListener("visibilitychange", () => {
  if (document.hidden && source) {
    source.close();
    source = null;
  } else if (!document.hidden) {
    listen();
    run();
  }
});

// ------------------------------------------------------------------ buttons

let fading = 0;

function toast(text) {
  const element = document.getElementById("toast");
  element.textContent = text;
  element.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => element.classList.remove("shown"), 5000);
}

async function press(form) {
  const button = form.querySelector("button");
  const { label = button.textContent } = button.dataset;
  button.disabled = true;
  try {
    const headers = { Accept: "application/json", "X-Keyless-Button": document.body.dataset.button };
    const reply = await fetch(form.action, { method: "POST", headers });
    const told = await reply.json();
    toast(reply.ok ? `${label}: done` : `${told.title}: ${told.detail}`);
  } catch {
    toast("The proxy does not answer");
  }
  button.disabled = false;
  button.focus();
}

async function send(form) {
  const button = form.querySelector("button.main");
  button.disabled = true;
  try {
    const reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "text/html" } });
    const came = parsed(await reply.text()).getElementById("result");
    if (came) {
      morph(document.getElementById("result"), [...came.childNodes]);
      document.getElementById("result").focus();
    } else toast("The proxy refused that; load the page again");
  } catch {
    toast("The proxy does not answer");
  }
  button.disabled = false;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-press]")) {
    event.preventDefault();
    press(form);
  } else if (form.matches("[data-send]")) {
    event.preventDefault();
    send(form);
  }
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Only secure origins have a clipboard: a gateway in plain HTTP has none.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const done = await copy(document.getElementById(button.dataset.copy).textContent);
  button.textContent = done ? "Copied" : "Select it";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});

document.addEventListener("keydown", (event) => {
  const field = document.querySelector("[data-focus]");
  if (event.key === "/" && field && !event.target.matches("input, textarea, select")) {
    event.preventDefault();
    field.focus();
  }
});

run();
setInterval(run, 1000);
// Last, so that other scripts of the page have said what they listen for.
document.addEventListener("DOMContentLoaded", listen);
