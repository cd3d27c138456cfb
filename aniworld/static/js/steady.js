// Keeps a click from hitting a row that slid under the pointer a moment ago, and a double click from counting twice.

const QUIET = 600;
let pointer = null;
let before = null;
let slid = null;
let quietUntil = 0;

const rowUnder = () => pointer && document.elementFromPoint(pointer.x, pointer.y)?.closest("[data-item]")?.dataset.item;

function remember(event) {
  pointer = { x: event.clientX, y: event.clientY };
}

function dropped(event) {
  const button = event.target.closest(".row-actions button");
  // A keyboard's click counts no clicks, and the focus stays with its row.
  if (!button || !event.detail) return;
  const isSlid = performance.now() < quietUntil && button.closest("[data-item]")?.dataset.item === slid;
  if (event.detail > 1 || isSlid) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

for (const type of ["pointermove", "pointerdown"]) document.addEventListener(type, remember, { passive: true });
document.addEventListener("click", dropped, true);
document.body.addEventListener("htmx:beforeSwap", () => { before = rowUnder(); });
document.body.addEventListener("htmx:afterSwap", () => {
  slid = rowUnder();
  if (slid !== before) quietUntil = performance.now() + QUIET;
});
