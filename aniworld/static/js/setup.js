// First run: each step gets its check mark as soon as it is in order. The server checks everything again.

const form = document.getElementById("setup");
const [first, again] = form.querySelectorAll("input[type=password]");
const note = form.querySelector("[data-password-note]");

function checkPassword() {
  const long = first.value.length >= 8;
  const same = first.value === again.value;
  note.classList.toggle("check--bad", Boolean(again.value) && !same);
  note.textContent = again.value && !same ? note.dataset.different : long && same ? note.dataset.good : note.dataset.rule;
  first.closest(".step").classList.toggle("is-checked", long && same);
}

function checkFolder() {
  const answer = form.querySelector("#folder-check");
  answer.closest(".step").classList.toggle("is-checked", answer.dataset.writable === "yes");
}

form.addEventListener("input", (event) => { if (event.target.type === "password") checkPassword(); });
document.body.addEventListener("htmx:afterSettle", checkFolder);
form.querySelector("[data-catalogue]").classList.add("is-checked");
checkPassword();
checkFolder();
