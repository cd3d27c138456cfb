// The library's page: the next series come while scrolling, only what is in sight is kept fresh, and a button lets choose.

import { refresh } from "./refresh.js";

const AHEAD = "1200px 0px";
const word = "library";

// The last part of the list asks for what follows it as soon as it is near.
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    htmx.trigger(target, "on");
  }
}, { rootMargin: AHEAD });

// Thousands of series are not fetched anew for one that changed: what is out of sight waits until it is scrolled to.
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    const wasAway = target.dataset.refreshOn === "";
    target.dataset.refreshOn = isIntersecting ? word : "";
    if (isIntersecting && wasAway) refresh(target);
  }
}, { rootMargin: AHEAD });

// An answer about rows that are others by now, because a filter was set meanwhile, comes too late.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.matches(".chunk") && detail.pathInfo.requestPath !== detail.target.dataset.part) detail.shouldSwap = false;
});

function watch() {
  const on = document.getElementById("on");
  if (on) near.observe(on);
  // With script nobody has to turn pages, except back to what stands before.
  const pages = document.getElementById("pages");
  if (pages) pages.hidden = !pages.querySelector("[rel=prev]");
  for (const chunk of document.querySelectorAll(".chunk")) seen.observe(chunk);
}

const button = document.querySelector("[data-choosing]");

function choose(isOn) {
  button.setAttribute("aria-pressed", String(isOn));
  document.documentElement.classList.toggle("is-choosing", isOn);
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => choose(button.getAttribute("aria-pressed") !== "true"));
  document.getElementById("chosen")?.addEventListener("reset", () => choose(false));
}

document.body.addEventListener("htmx:afterSettle", watch);
watch();
