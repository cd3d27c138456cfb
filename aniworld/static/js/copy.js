// A button with `data-copy` puts what the element of that id says on the clipboard. Without a clipboard, as over plain
// HTTP, it stays hidden.

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const words = button.querySelector("[data-words]");
  button.hidden = !source || !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    words.textContent = words.dataset.done;
  });
}
