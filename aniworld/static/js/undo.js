// What can be taken back (Ctrl+Z) and done again (Ctrl+Shift+Z or Ctrl+Y), the last first. Kept for this tab.

const DEPTH = 30;
const stacks = JSON.parse(sessionStorage.getItem("undo") || '{"undo":[],"redo":[]}');
let going = "";

function keep() {
  sessionStorage.setItem("undo", JSON.stringify(stacks));
}

// A toast offered to take something back: it belongs to the other pile while one of the two is being worked through.
export function note(address) {
  if (going === "undo") stacks.redo.push(address);
  else {
    stacks.undo.push(address);
    if (!going) stacks.redo = [];
  }
  stacks.undo = stacks.undo.slice(-DEPTH);
  keep();
}

// Through htmx, so that the answer's toast and changes arrive like any other form's.
export async function follow(address, which = "undo") {
  stacks.undo = stacks.undo.filter((one) => one !== address);
  stacks.redo = stacks.redo.filter((one) => one !== address);
  keep();
  for (const form of document.querySelectorAll(".toast__undo")) if (form.getAttribute("action") === address) form.closest(".toast").remove();
  going = which;
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value || document.getElementById("toast-info").content.querySelector("[name=csrfmiddlewaretoken]").value;
  try {
    await htmx.ajax("POST", address, { source: document.body, swap: "none", values: { csrfmiddlewaretoken: token } });
  } finally {
    going = "";
  }
}

// Answers whether there was anything.
export function last(which) {
  const address = stacks[which].at(-1);
  if (address) follow(address, which);
  return Boolean(address);
}
