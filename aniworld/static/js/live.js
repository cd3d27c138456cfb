// The one WebSocket of this tab. Pages name their rooms in <body data-rooms>; every event becomes a "live:event" on document,
// "live:reachable" that the server answers, by socket or not, and "live:resync" that events may have been missed and whatever
// is shown has to be fetched anew. Where sockets don't get through, the page looks now and then instead, and says so.

const body = document.body;
const indicator = document.getElementById("live");
const rooms = (body.dataset.rooms || "").split(" ").filter(Boolean);
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const ACK_EVERY = 5_000;
const LOOK_EVERY = 10_000;
const LOOK_PATIENCE = 8_000;
const PING_EVERY = 20_000;

let socket = null;
let state = "";
let failures = 0;
let looking = null;
let heard = 0;
let asked = 0;
let delay = FIRST_DELAY;
let timer = 0;
let last = body.dataset.lastEvent === undefined ? null : Number(body.dataset.lastEvent);
let acknowledged = last ?? 0;
let leaving = false;

function show(now) {
  if (state === now) return;
  state = now;
  if (!indicator) return;
  indicator.dataset.state = state;
  const words = indicator.dataset[{ connected: "connected", catching_up: "catchingUp", looking: "looking", offline: "offline" }[state]];
  indicator.querySelector(".live__text").textContent = words;
  indicator.title = words;
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

function address() {
  const url = new URL(body.dataset.socket, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

// Asks over plain HTTP whether the server is there and still knows who this is; a stranger is led to the login, and back.
async function askServer() {
  try {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    const answer = await fetch(body.dataset.look, { headers, cache: "no-store", signal: AbortSignal.timeout(LOOK_PATIENCE) });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) leave(elsewhere);
    return answer.ok && !elsewhere;
  } catch {
    return false;
  }
}

// One question at a time; whoever asks meanwhile gets the same answer.
function look() {
  looking ??= askServer().finally(() => { looking = null; });
  return looking;
}

function leave(to) {
  leaving = true;
  location.assign(to);
}

// Stands in for the socket: as long as that is away, what is shown is fetched anew every few seconds.
async function standIn() {
  if (socket?.readyState === WebSocket.OPEN || document.visibilityState === "hidden" || leaving) return;
  const isThere = Boolean(body.dataset.look) && (await look());
  if (leaving || state === "connected" || state === "catching_up") return;
  show(isThere ? "looking" : "offline");
  if (!isThere) return;
  tell("live:reachable");
  tell("live:resync");
}

function opened() {
  show("catching_up");
  for (const room of rooms) send({ action: "join", room });
  // The page was rendered when `last` was the newest event: what came since is replayed, so nothing falls between.
  if (last !== null) send({ action: "resume", after: last });
  send({ action: "ping" });
}

function received(message) {
  heard = performance.now();
  if (typeof message.id === "number") last = Math.max(last ?? 0, message.id);
  if (message.type === "pong") {
    delay = FIRST_DELAY;
    failures = 0;
    show("connected");
    tell("live:reachable");
  } else if (message.type === "resync") {
    last = message.data?.last_id ?? last;
    tell("live:resync");
  } else if (message.id !== null && message.id !== undefined) {
    tell("live:event", message);
  }
}

// The socket knows nobody. So it may be where a proxy hides from which page it comes: then the page still knows, and there is
// no use in the login, which would lead back at once.
async function unknown() {
  if (body.dataset.look && (await look())) again();
  else if (!leaving) leave(`${body.dataset.login}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function again() {
  failures += 1;
  if (state !== "looking") show("offline");
  if (failures > 1) standIn();
  clearTimeout(timer);
  timer = setTimeout(connect, delay * (0.75 + Math.random() / 2));
  delay = Math.min(delay * 2, LONGEST_DELAY);
}

function closed(event) {
  if (event.target !== socket) return;
  socket = null;
  if (leaving) return;
  if (event.code === 4401) unknown();
  else again();
}

// Without waiting for the other side, which a dead line does not reach.
function drop() {
  const lost = socket;
  if (!lost) return;
  closed({ target: lost, code: 1006 });
  lost.close();
}

// A line can die without a word: then nothing came since the last ping. By turns, since a hidden tab's clock goes slowly.
function ping() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  if (asked > heard) {
    drop();
    return;
  }
  asked = performance.now();
  send({ action: "ping" });
}

function connect() {
  clearTimeout(timer);
  if (socket || leaving) return;
  socket = new WebSocket(address());
  asked = heard = 0;
  socket.addEventListener("open", opened);
  socket.addEventListener("message", (event) => { if (event.target === socket) received(JSON.parse(event.data)); });
  socket.addEventListener("close", closed);
}

function hurry() {
  if (document.visibilityState === "hidden" || socket) return;
  delay = FIRST_DELAY;
  connect();
}

export function start() {
  if (!body.dataset.socket) return;
  connect();
  setInterval(() => {
    if (last > acknowledged) send({ action: "ack", id: (acknowledged = last) });
  }, ACK_EVERY);
  setInterval(() => { if (failures > 1) standIn(); }, LOOK_EVERY);
  setInterval(ping, PING_EVERY);
  addEventListener("offline", drop);
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  addEventListener("pagehide", () => { leaving = true; socket?.close(); });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    leaving = false;
    tell("live:resync");
    connect();
  });
}
