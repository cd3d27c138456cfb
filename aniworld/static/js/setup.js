// First run: each step gets its check mark as soon as it is in order. The server checks everything again.

const form = document.getElementById("setup");
const [first, again] = form.querySelectorAll("input[type=password]");
const note = form.querySelector("[data-password-note]");
// What the server said of the two as they were sent. Of the first it stands until that is changed.
const refusal = document.getElementById("password-error");
const difference = document.getElementById("again-error");
const refused = first.value;
let isTyped = false;

// Shows what of it still holds, and answers whether any does: then the note keeps silent.
function showRefusal() {
  const stands = Boolean(refusal) && first.value === refused;
  const differs = Boolean(difference) && !isTyped;
  if (refusal) refusal.hidden = !stands;
  if (difference) difference.hidden = !differs;
  first.ariaInvalid = stands ? "true" : null;
  again.ariaInvalid = differs ? "true" : null;
  return stands || differs;
}

function checkPassword() {
  const long = first.value.length >= 8;
  const same = first.value === again.value;
  const wrong = showRefusal();
  note.hidden = wrong;
  note.classList.toggle("check--bad", Boolean(again.value) && !same);
  note.textContent = again.value && !same ? note.dataset.different : long && same ? note.dataset.good : note.dataset.rule;
  first.closest(".step").classList.toggle("is-checked", long && same && !wrong);
}

function checkFolder() {
  const answer = form.querySelector("#folder-check");
  answer.closest(".step").classList.toggle("is-checked", answer.dataset.writable === "yes");
}

form.addEventListener("input", (event) => {
  if (event.target.type !== "password") return;
  isTyped = true;
  checkPassword();
});
document.body.addEventListener("htmx:afterSettle", checkFolder);
form.querySelector("[data-catalogue]").classList.add("is-checked");
checkPassword();
checkFolder();
