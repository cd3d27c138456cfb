// A finger that draws a row to the left does what the row's last button does: cancel. The toast offers to take it back.

const AXIS = 12;
const FAR = 112;
let start = null;

function find(event) {
  if (event.pointerType !== "touch") return;
  const row = event.target.closest(".job");
  const button = row?.querySelector(".row-actions .button--danger");
  if (button && !event.target.closest("a, button, select, input")) start = { row, button, x: event.clientX, y: event.clientY, isSwipe: false };
}

function draw(event) {
  if (!start || event.pointerType !== "touch") return;
  const across = event.clientX - start.x;
  if (!start.isSwipe) {
    if (Math.abs(event.clientY - start.y) > AXIS) start = null;
    else if (across < -AXIS) start.isSwipe = true;
    if (!start?.isSwipe) return;
    start.row.closest("[data-part]").classList.add("is-held");
    start.row.classList.add("is-swiped");
  }
  start.row.style.translate = `${Math.min(0, across)}px 0`;
  start.row.classList.toggle("is-far", across < -FAR);
}

function end(event) {
  if (!start) return;
  const { row, button, x, isSwipe } = start;
  start = null;
  if (!isSwipe) return;
  row.closest("[data-part]").classList.remove("is-held");
  row.classList.remove("is-swiped", "is-far");
  row.style.translate = "";
  if (event.type === "pointerup" && event.clientX - x < -FAR) button.form.requestSubmit(button);
}

document.addEventListener("pointerdown", find, { passive: true });
document.addEventListener("pointermove", draw, { passive: true });
document.addEventListener("pointerup", end);
document.addEventListener("pointercancel", end);
