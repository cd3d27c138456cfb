// Moving a pending row by keyboard: the arrow keys on its handle. The order is sent once the keys rest.

const REST = 500;
let moved = null;
let timer = 0;

function commit() {
  const row = moved;
  moved = null;
  if (!row?.isConnected) return;
  const list = row.parentElement;
  list.closest("[data-part]").classList.remove("is-held");
  const before = row.nextElementSibling?.dataset.item || "";
  htmx.ajax("POST", row.dataset.moveUrl, { source: row, swap: "none", values: { before, csrfmiddlewaretoken: list.dataset.csrf } });
}

function say(row) {
  const list = row.parentElement;
  const place = [...list.children].indexOf(row) + 1;
  const words = list.dataset.moved.replace("{n}", place).replace("{total}", list.children.length);
  document.getElementById("how-to-move").textContent = words;
}

function step(row, direction) {
  const other = direction < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (moved && moved !== row) commit();
  moved = row;
  row.closest("[data-part]").classList.add("is-held");
  if (direction < 0) other.before(row);
  else other.after(row);
  row.querySelector(".job__handle").focus();
  row.scrollIntoView({ block: "nearest" });
  say(row);
  clearTimeout(timer);
  timer = setTimeout(commit, REST);
}

document.addEventListener("keydown", (event) => {
  const handle = event.target.closest(".job__handle");
  const direction = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!handle || !direction) return;
  event.preventDefault();
  step(handle.closest(".job"), direction);
});
