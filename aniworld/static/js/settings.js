// Settings: says that a form is not saved yet, brings errors into view, and opens the menu where one is.

for (const form of document.querySelectorAll("form[data-settings]")) {
  const state = form.querySelector("[data-state]");
  const changed = () => {
    state.classList.add("is-changed");
    state.querySelector("[data-words]").textContent = state.dataset.changed;
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  if ("unsaved" in form.dataset) changed();
  form.addEventListener("submit", () => { form.dataset.sent = "yes"; });
  window.addEventListener("beforeunload", (event) => {
    if (state.classList.contains("is-changed") && !form.dataset.sent) event.preventDefault();
  });
}

document.querySelector("[data-wrong]")?.focus();

const pick = document.querySelector(".settings__pick");
// The menu is longer than a phone: where one is, and that there is more below, would else stay unseen.
pick?.addEventListener("toggle", () => {
  const sheet = pick.querySelector(".settings__sheet"), here = sheet.querySelector("[aria-current]");
  if (pick.open && here) sheet.scrollTop = here.offsetTop - (sheet.clientHeight - here.offsetHeight) / 2;
});
