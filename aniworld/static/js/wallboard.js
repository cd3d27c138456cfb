// The wallboard: bars move in place, the clock goes, and the screen can be filled.

import "./downloads.js";

const clock = document.getElementById("clock");
const button = document.querySelector("[data-full-screen]");

function tick() {
  clock.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date());
  setTimeout(tick, 60_000 - (Date.now() % 60_000) + 50);
}

if (button && document.fullscreenEnabled) {
  button.hidden = false;
  button.addEventListener("click", () => document.documentElement.requestFullscreen());
  document.addEventListener("fullscreenchange", () => { button.hidden = Boolean(document.fullscreenElement); });
}
tick();
