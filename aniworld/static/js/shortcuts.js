// The keyboard: help sheet, search, places, undo. Off where the user said so, and never while somebody types.

import * as undo from "./undo.js";

const body = document.body;
const help = document.getElementById("shortcuts");
const PATIENCE = 1_200;
let leading = 0;

function isTyping(event) {
  return Boolean(event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));
}

function search() {
  const field = document.getElementById("search") || document.getElementById("find");
  if (!field) return false;
  field.focus();
  field.select();
  return true;
}

function go(key) {
  leading = 0;
  const link = document.querySelector(`.rail [data-key="${CSS.escape(key)}"]`);
  link?.click();
  return Boolean(link);
}

export function showHelp() {
  if (help && !help.open) help.showModal();
  return Boolean(help);
}

function withControl(event) {
  const key = event.key.toLowerCase();
  if (key === "k") return search();
  if (isTyping(event)) return false;
  if (key === "z") return undo.last(event.shiftKey ? "redo" : "undo");
  return key === "y" && undo.last("redo");
}

function plain(event) {
  if (performance.now() < leading) return go(event.key);
  if (event.key === "g") {
    leading = performance.now() + PATIENCE;
    return true;
  }
  if (event.key === "/") return search();
  return event.key === "?" && showHelp();
}

function pressed(event) {
  if (event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const control = event.ctrlKey || event.metaKey;
  if (!control && isTyping(event)) return;
  if (control ? withControl(event) : plain(event)) event.preventDefault();
}

export function start() {
  for (const button of document.querySelectorAll("[data-shows-shortcuts]")) {
    button.hidden = false;
    button.addEventListener("click", showHelp);
  }
  help?.addEventListener("click", (event) => { if (event.target === help || event.target.closest("[data-closes]")) help.close(); });
  if (body.dataset.shortcuts !== "off") document.addEventListener("keydown", pressed);
}
