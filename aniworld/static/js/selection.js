// Choosing rows of a list. A form with `data-selectable` acts upon the boxes named "ids" that belong to it, wherever they
// stand. A click with Shift takes everything between; j and k go from row to row, x ticks. What is ticked stays so when the
// list is fetched anew.

const chosen = new Map(); // form id → Set of values
let lastClicked = null;

const forms = () => document.querySelectorAll("form[data-selectable]");
const boxesOf = (form) => [...form.elements].filter((box) => box.name === "ids" && box.type === "checkbox");
const valuesOf = (form) => chosen.get(form.id) || chosen.set(form.id, new Set()).get(form.id);
const rowOf = (box) => box.closest("[data-row], tr, li");
const ownerOf = (box) => (box.name === "ids" && box.form?.matches("[data-selectable]") ? box.form : null);

function show(form) {
  const count = valuesOf(form).size;
  const place = form.querySelector("[data-count]");
  const everything = form.elements.namedItem("everything")?.checked;
  if (place) place.textContent = count && !everything ? place.dataset.count.replace("{n}", count) : "";
  form.classList.toggle("has-chosen", count > 0 || Boolean(everything));
  const boxes = boxesOf(form);
  const shown = boxes.filter((box) => box.checked).length;
  for (const all of document.querySelectorAll("[data-choose-all]")) {
    if ((all.dataset.chooseAll || "chosen") !== form.id) continue;
    all.checked = boxes.length > 0 && shown === boxes.length;
    all.indeterminate = shown > 0 && shown < boxes.length;
  }
}

function note(form, box, isChecked) {
  box.checked = isChecked;
  const values = valuesOf(form);
  if (isChecked) values.add(box.value);
  else values.delete(box.value);
}

// After a list was fetched anew: its boxes as they were, and nothing of what is gone.
function restore() {
  for (const form of forms()) {
    const values = valuesOf(form);
    const boxes = boxesOf(form);
    for (const box of boxes) box.checked = values.has(box.value);
    const there = new Set(boxes.map((box) => box.value));
    for (const value of values) if (!there.has(value)) values.delete(value);
    show(form);
  }
}

function clear(form) {
  valuesOf(form).clear();
  const everything = form.elements.namedItem("everything");
  if (everything) everything.checked = false;
  for (const box of boxesOf(form)) box.checked = false;
  show(form);
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("input[type=checkbox]");
  const form = box && ownerOf(box);
  if (!form) return;
  const boxes = boxesOf(form);
  const [from, to] = [boxes.indexOf(lastClicked), boxes.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const between of boxes.slice(from, to + 1)) note(form, between, box.checked);
  lastClicked = box;
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches("[data-choose-all]")) {
    const form = document.getElementById(box.dataset.chooseAll || "chosen");
    for (const one of boxesOf(form)) note(form, one, box.checked);
    show(form);
    return;
  }
  const form = ownerOf(box) || (box.name === "everything" && box.form?.matches("[data-selectable]") ? box.form : null);
  if (!form) return;
  if (box.name === "ids") note(form, box, box.checked);
  show(form);
});

document.addEventListener("reset", (event) => {
  if (!event.target.matches("[data-selectable]")) return;
  event.preventDefault();
  clear(event.target);
});

document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.elt?.closest?.("form[data-selectable]");
  if (form && detail.successful) clear(form);
});
document.body.addEventListener("htmx:afterSettle", restore);

// Keys.

function go(step) {
  const rows = [...forms()].flatMap(boxesOf).map(rowOf);
  if (!rows.length) return false;
  const now = rows.indexOf(document.activeElement?.closest?.("[data-row], tr, li"));
  const next = rows[now < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, now + step))];
  (next.querySelector("a[href]") || next.querySelector("input[name=ids]")).focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function tick() {
  const row = document.activeElement?.closest?.("[data-row], tr, li");
  const box = row?.querySelector("input[type=checkbox][name=ids]");
  if (!box || !ownerOf(box)) return false;
  box.click();
  return true;
}

const KEYS = { j: () => go(1), k: () => go(-1), x: tick };

function pressed(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
  if (event.key === "Escape" && document.querySelector("form.has-chosen") && !document.querySelector("details.menu[open]")) forms().forEach(clear);
  else if (KEYS[event.key]?.()) event.preventDefault();
}

if (document.body.dataset.shortcuts !== "off") document.addEventListener("keydown", pressed);
restore();
