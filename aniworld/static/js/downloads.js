// Moves bars, speeds and times of running downloads in place, on the queue's and on the series' page.

import { duration, percent, size, speed } from "./quantities.js";

const texts = document.getElementById("texts").dataset;

function put(row, name, text) {
  const element = row.querySelector(`[data-${name}]`);
  if (element && element.textContent !== text) element.textContent = text;
}

function amount(row, data) {
  const part = row.querySelector("[data-amount]");
  if (!part) return;
  part.textContent = data.total_bytes ? `${size(data.downloaded_bytes)} / ${size(data.total_bytes)}` : size(data.downloaded_bytes);
}

function move(row, data) {
  if (data.downloaded_bytes) row.classList.remove("is-starting");
  // What has come whole is still checked and moved into the library.
  row.classList.toggle("is-ending", Boolean(data.downloaded_bytes) && data.percent >= 100);
  const bar = row.querySelector("progress");
  if (bar && data.percent !== null && data.percent !== undefined) bar.value = data.percent;
  if (data.percent !== undefined) put(row, "percent", percent(data.percent));
  amount(row, data);
  put(row, "speed", speed(data.speed));
  put(row, "eta", duration(data.eta_seconds));
}

document.addEventListener("live:event", ({ detail }) => {
  if (detail.type !== "download_progress") return;
  for (const row of document.querySelectorAll(`[data-item="${Number(detail.data.item_id)}"][data-moving]`)) move(row, detail.data);
});

// What a row says of its next try counts down, and says nothing once that is due.
setInterval(() => {
  for (const element of document.querySelectorAll("[data-until]")) {
    const time = element.querySelector("time");
    const seconds = Math.ceil((Date.parse(time.dateTime) - Date.now()) / 1000);
    element.hidden = seconds <= 0;
    if (seconds < 60) time.textContent = texts.inSeconds.replace("{n}", Math.max(0, seconds));
  }
}, 1000);
