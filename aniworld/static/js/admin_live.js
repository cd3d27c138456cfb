// Keeps pages of the admin up to date: parts of the first screen (`data-part`), and the rows of lists that say so.
// Events tell when; where none come, a slow look every `data-seconds` does. What a person has selected stays selected.

const QUIET = 700;
const SLOWEST = 2500;

function later(act) {
  let timer = 0;
  let first = 0;
  return () => {
    const now = performance.now();
    if (!timer) first = now;
    clearTimeout(timer);
    timer = setTimeout(() => { timer = 0; act(); }, Math.max(0, Math.min(QUIET, first + SLOWEST - now)));
  };
}

async function fetched(address) {
  try {
    const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, credentials: "same-origin" });
    return answer.ok && !answer.redirected ? await answer.text() : null;
  } catch {
    return null; // The server is away for a moment: the next look finds it.
  }
}

async function refreshPart(part) {
  if (document.visibilityState === "hidden") return;
  const html = await fetched(part.dataset.part);
  // A link in it that has the focus keeps it, because only what differs is touched.
  if (html !== null) window.Idiomorph.morph(part, html, { morphStyle: "innerHTML" });
}

const keyOf = (body) => body.querySelector("input.action-select")?.value ?? body.querySelector("th a, td a")?.getAttribute("href");

function takeOver(old, fresh) {
  const before = [...old.querySelectorAll(":scope > tr.data-row > *")];
  const after = [...fresh.querySelectorAll(":scope > tr.data-row > *")];
  before.forEach((cell, index) => {
    const other = after[index];
    if (other && !cell.querySelector("input") && cell.innerHTML !== other.innerHTML) cell.innerHTML = other.innerHTML;
  });
}

async function refreshList() {
  const table = document.getElementById("result_list");
  if (!table || document.visibilityState === "hidden") return;
  const html = await fetched(location.href);
  const fresh = html && new DOMParser().parseFromString(html, "text/html").getElementById("result_list");
  if (!fresh) return;
  const known = new Map([...table.tBodies].map((body) => [keyOf(body), body]));
  const rows = [...fresh.tBodies].map((body) => {
    const old = known.get(keyOf(body));
    known.delete(keyOf(body));
    if (old) takeOver(old, body);
    return old ?? document.importNode(body, true);
  });
  const selected = [...known.values()].filter((body) => body.querySelector("input:checked"));
  for (const body of known.values()) if (!selected.includes(body)) body.remove();
  const end = [...table.tBodies].at(-1)?.nextSibling ?? null;
  const wanted = [...selected, ...rows];
  if (wanted.some((body, index) => table.tBodies[index] !== body)) for (const body of wanted) table.insertBefore(body, end && end.parentNode === table ? end : null);
}

async function listen(source, act) {
  const seconds = Number(source.dataset.seconds);
  if (seconds) setInterval(act, seconds * 1000);
  if (!source.dataset.rooms || !source.dataset.socket) return;
  if (!document.body.dataset.socket) {
    const { socket, login, rooms } = source.dataset;
    Object.assign(document.body.dataset, { socket, login, rooms });
    const live = await import(new URL("live.js", base).href);
    live.start();
  }
  document.addEventListener("live:event", act);
  document.addEventListener("live:resync", act);
}

const base = document.currentScript.src;

document.addEventListener("DOMContentLoaded", () => {
  const list = document.getElementById("live-list");
  if (list) listen(list, later(refreshList));
  // The first of them names the rooms for all.
  for (const part of document.querySelectorAll("[data-part]")) listen(part, later(() => refreshPart(part)));
});
