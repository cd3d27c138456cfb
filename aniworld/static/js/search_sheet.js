// On phones the field in the top bar opens a sheet, where the library answers while somebody types.

const narrow = matchMedia("(max-width: 47.99rem)");
const field = document.getElementById("search");
const sheet = document.getElementById("at-hand");

function open(event) {
  if (!narrow.matches || sheet.open) return;
  event.preventDefault();
  sheet.showModal();
  document.getElementById("at-hand-words").focus();
}

// The whole words are cut where the top bar is narrow.
const words = field?.placeholder;

function fit() {
  field.placeholder = narrow.matches ? field.dataset.short : words;
}

export function start() {
  if (!field || !sheet) return;
  fit();
  narrow.addEventListener("change", fit);
  for (const type of ["pointerdown", "click"]) field.addEventListener(type, open);
  sheet.querySelector("[data-closes]").addEventListener("click", () => sheet.close());
}
