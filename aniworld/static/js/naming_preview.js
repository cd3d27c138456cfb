// Examples of names below the fields of their templates, anew with each change. The fields are known by the ends of their names.

const PAUSE = 250;
const slot = document.querySelector("[data-naming-preview]");
const field = (name) => document.querySelector(`[name$="${name}"]:not([type=hidden])`);
const file = field("file_template");
const folder = field("folder_template");
const seasons = field("season_folders");
let timer = 0;
let asked = 0;

async function show() {
  const turn = ++asked;
  const query = new URLSearchParams({ file_template: file.value, folder_template: folder.value });
  if (seasons?.checked) query.set("season_folders", "on");
  const response = await fetch(`${slot.dataset.namingPreview}?${query}`, { headers: { "HX-Request": "true" } });
  // A slow answer must not overwrite that of what was typed since.
  if (!response.ok || turn !== asked) return;
  slot.replaceChildren(...new DOMParser().parseFromString(await response.text(), "text/html").body.children);
}

if (slot && file && folder) {
  const last = file.compareDocumentPosition(folder) & Node.DOCUMENT_POSITION_FOLLOWING ? folder : file;
  const place = last.closest(".row, .field, .field-row, .form-row, .field-line") || last.parentElement;
  place.after(slot);
  for (const one of [file, folder, seasons]) {
    one?.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, PAUSE); });
  }
  show();
}
