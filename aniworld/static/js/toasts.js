// One place for what just happened. The server's own messages are there from the start; the X and time take them away.
// A toast has a kind, the name of the form it answers: a newer one takes the place of the older of its kind.

import * as history from "./undo.js";

const area = document.getElementById("toasts");
const STAY = 6_000;
const STAY_WITH_ERROR = 12_000;
const MOST = 2;
const UNDO = "undo";

function leaveLater(toast) {
  const time = toast.classList.contains("toast--error") ? STAY_WITH_ERROR : STAY;
  let timer = setTimeout(() => toast.remove(), time);
  const hold = () => clearTimeout(timer);
  const go = () => { clearTimeout(timer); timer = setTimeout(() => toast.remove(), time / 2); };
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", go);
  toast.addEventListener("focusout", go);
}

function put(element, kind) {
  element.dataset.kind = kind;
  for (const older of area.querySelectorAll(".toast")) if (kind && older.dataset.kind === kind) older.remove();
  area.append(element);
  while (area.children.length > MOST) area.firstElementChild.remove();
}

export function toast(message, level = "success", undo = "", kind = "") {
  const template = document.getElementById(`toast-${level}`) || document.getElementById("toast-info");
  const element = template.content.firstElementChild.cloneNode(true);
  element.querySelector(".toast__text").textContent = message;
  const form = element.querySelector(".toast__undo");
  if (undo) form.setAttribute("action", undo);
  form.hidden = !undo;
  const button = form.querySelector("button");
  if (kind === UNDO) button.textContent = button.dataset.redo;
  if (undo) history.note(undo);
  put(element, kind);
  leaveLater(element);
}

function takeBack(event) {
  event.preventDefault();
  const form = event.target;
  const which = form.closest(".toast").dataset.kind === UNDO ? "redo" : "undo";
  history.follow(form.getAttribute("action"), which);
}

export function start() {
  area.addEventListener("submit", (event) => { if (event.target.matches(".toast__undo")) takeBack(event); });
  while (area.children.length > MOST) area.firstElementChild.remove();
  area.querySelectorAll(".toast").forEach(leaveLater);
  for (const form of area.querySelectorAll(".toast__undo[action]")) history.note(form.getAttribute("action"));
  area.addEventListener("click", (event) => event.target.closest(".toast__close")?.closest(".toast").remove());
}
