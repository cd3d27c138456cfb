// The one WebSocket of this tab. Pages name their rooms in <body data-rooms>; every event becomes a "live:event" on document,
// "live:connected" that the line stands, and "live:resync" that events were missed and whatever is shown has to be fetched anew.

const body = document.body;
const indicator = document.getElementById("live");
const rooms = (body.dataset.rooms || "").split(" ").filter(Boolean);
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const ACK_EVERY = 5_000;
const STAND_IN_EVERY = 20_000;

let socket = null;
let delay = FIRST_DELAY;
let timer = 0;
let last = body.dataset.lastEvent === undefined ? null : Number(body.dataset.lastEvent);
let acknowledged = last ?? 0;
let leaving = false;

function show(state) {
  if (!indicator || indicator.dataset.state === state) return;
  indicator.dataset.state = state;
  const words = indicator.dataset[{ connected: "connected", catching_up: "catchingUp", offline: "offline" }[state]];
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

function opened() {
  show("catching_up");
  for (const room of rooms) send({ action: "join", room });
  // The page was rendered when `last` was the newest event: what came since is replayed, so nothing falls between.
  if (last !== null) send({ action: "resume", after: last });
  send({ action: "ping" });
}

function received(message) {
  if (typeof message.id === "number") last = Math.max(last ?? 0, message.id);
  if (message.type === "pong") {
    delay = FIRST_DELAY;
    show("connected");
    tell("live:connected");
  } else if (message.type === "resync") {
    last = message.data?.last_id ?? last;
    tell("live:resync");
  } else if (message.id !== null && message.id !== undefined) {
    tell("live:event", message);
  }
}

function closed(event) {
  socket = null;
  if (leaving) return;
  if (event.code === 4401) {
    location.assign(`${body.dataset.login}?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  show("offline");
  clearTimeout(timer);
  timer = setTimeout(connect, delay * (0.75 + Math.random() / 2));
  delay = Math.min(delay * 2, LONGEST_DELAY);
}

function connect() {
  clearTimeout(timer);
  if (socket || leaving) return;
  socket = new WebSocket(address());
  socket.addEventListener("open", opened);
  socket.addEventListener("message", (event) => received(JSON.parse(event.data)));
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
  // Where sockets can't get through at all, a slow refresh stands in for them.
  setInterval(() => {
    if (indicator?.dataset.state === "offline" && document.visibilityState === "visible") tell("live:resync");
  }, STAND_IN_EVERY);
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
