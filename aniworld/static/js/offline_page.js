// Looks every few seconds whether the server is back, and then shows the page that was asked for.

const EVERY = 5_000;

async function look() {
  try {
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
    if (answer.status < 500) location.reload();
  } catch {
    // Not yet.
  }
}

document.querySelector("[data-again]").addEventListener("click", (event) => {
  event.preventDefault();
  location.reload();
});
setInterval(look, EVERY);
addEventListener("online", look);
