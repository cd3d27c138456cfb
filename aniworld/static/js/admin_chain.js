// Hosts can be dragged into their order; a drop saves it. The buttons beside them do the same by keyboard.

const list = document.getElementById("chain");

if (list?.querySelector(".host__handle") && window.Sortable) {
  list.classList.add("can-drag");
  window.Sortable.create(list, {
    handle: ".host__handle",
    draggable: ".host",
    ghostClass: "is-dragged",
    onEnd: (event) => {
      if (event.oldIndex !== event.newIndex) document.getElementById("chain-form").requestSubmit(document.getElementById("chain-save"));
    },
  });
}
