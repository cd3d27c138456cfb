// What every page has: live events, toasts, the theme switch, shortcuts, menus that close.

import * as live from "./live.js";
import * as offline from "./offline.js";
import { fetchLater, fetchMissed, refreshAll, refreshOn } from "./refresh.js";
import { speed } from "./quantities.js";
import * as searchSheet from "./search_sheet.js";
import * as shortcuts from "./shortcuts.js";
import * as toasts from "./toasts.js";

const root = document.documentElement;
const texts = document.getElementById("texts")?.dataset || {};

// Events → the words that parts of a page listen to.
const WORDS = {
  download_started: ["queue", "episodes"],
  download_complete: ["queue", "episodes", "library"],
  download_failed: ["queue", "episodes"],
  download_cancelled: ["queue", "episodes"],
  download_paused: ["queue", "episodes"],
  queue_status: ["queue", "episodes"],
  queue_started: ["queue"],
  queue_stopped: ["queue"],
  queue_paused: ["queue"],
  queue_resumed: ["queue"],
  failover: ["queue", "providers"],
  series_loading_update: ["episodes", "library"],
  series_added: ["library"],
  series_updated: ["episodes", "library"],
  series_removed: ["library"],
  scan_started: ["scan"],
  scan_progress: ["scan"],
  scan_complete: ["scan", "library", "episodes"],
  scan_failed: ["scan"],
  scan_cancelled: ["scan", "library"],
  import_progress: ["imports"],
  import_complete: ["imports", "library"],
  import_failed: ["imports"],
  provider_status: ["providers"],
  provider_down: ["providers"],
  provider_recovered: ["providers"],
};

const speeds = new Map();

function showSpeed() {
  const total = [...speeds.values()].reduce((sum, value) => sum + value, 0);
  for (const element of document.querySelectorAll("[data-total-speed]")) element.textContent = speed(total);
}

function counted(event) {
  const { type, data } = event;
  // A download that goes back to the queue says so by its last progress event.
  if (type === "download_progress" && data.item_status && data.item_status !== "downloading") {
    speeds.delete(data.item_id);
    showSpeed();
    ["queue", "episodes"].forEach(refreshOn);
    return;
  }
  if (type === "download_progress") speeds.set(data.item_id, data.speed || 0);
  else if (/^download_(complete|failed|cancelled|paused)$/.test(type)) speeds.delete(data.item_id);
  else if (type === "queue_stopped") speeds.clear();
  else return;
  showSpeed();
}

document.addEventListener("live:event", ({ detail }) => {
  counted(detail);
  const page = document.getElementById("main")?.dataset.key;
  const elsewhere = page && detail.data?.key && detail.data.key !== page;
  if (detail.type !== "download_progress" && detail.type !== "scan_progress" && detail.type !== "import_progress") refreshOn("journal");
  for (const word of WORDS[detail.type] || []) if (!(elsewhere && word === "episodes")) refreshOn(word);
});
document.addEventListener("live:resync", refreshAll);

document.body.addEventListener("toast", ({ detail }) => toasts.toast(detail.message, detail.level, detail.undo, detail.kind));
document.body.addEventListener("changed", ({ detail }) => detail.words.forEach(refreshOn));
document.body.addEventListener("htmx:responseError", ({ detail }) => {
  const { status } = detail.xhr;
  if (status === 401 || status === 403) location.reload();
  else if (status >= 500 && fetchLater(detail)) return;
  else toasts.toast(status === 429 ? texts.slowDown : texts.failed, "error", "", "trouble");
});
document.body.addEventListener("htmx:sendError", ({ detail }) => {
  // The light says so already where only a part of the page could not be brought up to date.
  if (!fetchLater(detail) && !offline.keep(detail)) toasts.toast(texts.unreachable, "error", "", "trouble");
});
document.addEventListener("live:reachable", () => {
  fetchMissed();
  offline.send();
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-theme-form]");
  const choice = event.submitter?.value;
  if (!form || !choice) return;
  event.preventDefault();
  root.dataset.theme = choice;
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === event.submitter));
  fetch(form.action, { method: "POST", body: new FormData(form, event.submitter), headers: { "HX-Request": "true" } });
});

// A select inside such a form needs no button of its own.
document.addEventListener("change", (event) => event.target.closest("form[data-submit-on-change]")?.requestSubmit());
for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
document.body.addEventListener("htmx:afterSettle", () => {
  for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
});

// A cover that did not come leaves the drawn placeholder below it to be seen.
document.addEventListener("error", (event) => { if (event.target.matches?.(".cover img, .hero__sky img")) event.target.hidden = true; }, true);
function hideBrokenPictures() {
  for (const picture of document.querySelectorAll(".cover img, .hero__sky img")) if (picture.complete && !picture.naturalWidth) picture.hidden = true;
}
hideBrokenPictures();
// A swap takes back what was hidden, and such a picture fails only once.
document.body.addEventListener("htmx:afterSettle", hideBrokenPictures);

// Only where the browser takes it to be safe: HTTPS, or this very machine.
if (window.isSecureContext && document.body.dataset.worker) navigator.serviceWorker?.register(document.body.dataset.worker).catch(() => undefined);

root.classList.add("has-script");
toasts.start();
shortcuts.start();
searchSheet.start();
live.start();
