// Keeps the shell (styles, scripts, icons) and one page that says the server is away. Nothing private is ever kept:
// pages, parts and the API go straight to the server.

const CACHE = "aniworld-{{ version|escapejs }}";
const OFFLINE = "{{ offline|escapejs }}";
const STATIC = "{{ static_prefix|escapejs }}";
const SHELL = [
  OFFLINE,
  `${STATIC}css/tokens.css`, `${STATIC}css/base.css`, `${STATIC}css/shell.css`, `${STATIC}css/parts.css`, `${STATIC}css/pages.css`,
  `${STATIC}css/charts.css`, `${STATIC}img/mark.svg`, `${STATIC}js/offline_page.js`,
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const drop = (names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(drop).then(() => self.clients.claim()));
});

// What is shown at once may be a visit old; the fresh one is there for the next.
async function fromShell(event) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(event.request);
  const fresh = fetch(event.request).then((answer) => {
    if (answer.ok) cache.put(event.request, answer.clone());
    return answer;
  });
  if (!kept) return fresh;
  event.waitUntil(fresh.catch(() => undefined));
  return kept;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith(STATIC)) event.respondWith(fromShell(event));
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
});
