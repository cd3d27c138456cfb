// Settings: says that a form is not saved yet, and brings errors into view.

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
