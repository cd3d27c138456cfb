// The queue's page: running bars move in place, pending rows can be dragged, or moved and chosen by keyboard.

import "./downloads.js";
import "./reorder.js";
import "./selection.js";
import "./steady.js";
import "./swipe.js";

let sortable = null;

function drop(event) {
  const list = event.to;
  list.closest("[data-part]").classList.remove("is-held");
  if (event.oldIndex === event.newIndex) return;
  const url = event.item.dataset.moveUrl;
  const before = event.item.nextElementSibling?.dataset.item || "";
  htmx.ajax("POST", url, { source: event.item, swap: "none", values: { before, csrfmiddlewaretoken: list.dataset.csrf } });
}

function arrange() {
  const list = document.getElementById("pending-list");
  if (sortable?.el === list) return;
  sortable?.destroy();
  sortable = null;
  if (!list || !window.Sortable) return;
  sortable = window.Sortable.create(list, {
    handle: ".job__handle",
    draggable: ".job",
    ghostClass: "is-dragged",
    onStart: () => list.closest("[data-part]").classList.add("is-held"),
    onEnd: drop,
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-window]");
  if (!link) return;
  event.preventDefault();
  window.open(link.href, link.target, "popup,width=560,height=860");
});

arrange();
document.body.addEventListener("htmx:afterSettle", arrange);
