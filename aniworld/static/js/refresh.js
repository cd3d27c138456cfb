// Brings the parts of a page up to date: an element with `data-part` holds the address of its own fresh markup,
// and `data-refresh-on` the words that make it worth fetching.

const QUIET = 250;
const LATEST = 1500;
const waiting = new Map();
const missed = new Set();

function fetchPart(element) {
  waiting.delete(element);
  if (!element.isConnected) return;
  // A row is being dragged: the list must not change under the hand.
  if (element.matches(".is-held")) {
    refresh(element);
    return;
  }
  htmx.ajax("GET", element.dataset.part, { source: element, target: element, swap: "morph:outerHTML" });
}

export function refresh(element) {
  const now = performance.now();
  const entry = waiting.get(element) || { first: now, timer: 0 };
  clearTimeout(entry.timer);
  const wait = Math.max(0, Math.min(QUIET, entry.first + LATEST - now));
  entry.timer = setTimeout(fetchPart, wait, element);
  waiting.set(element, entry);
}

export function refreshOn(word) {
  for (const element of document.querySelectorAll("[data-part]")) {
    if (element.dataset.refreshOn.split(" ").includes(word)) refresh(element);
  }
}

// What could not be fetched is fetched once the server is there again. Answers whether it was one of these.
export function fetchLater(detail) {
  const { elt, requestConfig } = detail;
  if (requestConfig?.verb !== "get" || !elt?.matches?.("[data-part]")) return false;
  missed.add(elt);
  return true;
}

export function fetchMissed() {
  for (const element of missed) if (element.isConnected) refresh(element);
  missed.clear();
}

export function refreshAll() {
  document.querySelectorAll("[data-part]").forEach(refresh);
}
