// The tower in the hand: dragging through it, clicking a box, stepping by keys. Loaded at the first move of a hand.

import { find, findAll } from "./dom.js";

export function bindTower({ tower, standing, column, boxes, along, go }) {
  // Where in the column a height in the tower is: between two boxes' ends it is the nearer box.
  function goTo(y) {
    const box = boxes.find((entry) => y < along(entry, 1)) ?? boxes[boxes.length - 1];
    const node = find(`.blk[data-block="${CSS.escape(box.name)}"]`);
    const share = Math.min(1, Math.max(0, (y - along(box, 0)) / (along(box, 1) - along(box, 0))));
    column.scroller.scrollTop = node ? node.offsetTop + share * node.offsetHeight - column.scroller.clientHeight / 2 : 0;
  }

  let dragFrom = null;
  standing.addEventListener("pointerdown", (event) => (dragFrom = event.clientY));
  standing.addEventListener("pointermove", (event) => {
    if (dragFrom === null || event.buttons === 0 || (Math.abs(event.clientY - dragFrom) < 4 && !standing.hasPointerCapture(event.pointerId))) return;
    standing.setPointerCapture(event.pointerId);
    goTo(event.clientY - standing.getBoundingClientRect().top);
  });
  standing.addEventListener("dragstart", (event) => event.preventDefault());
  tower.addEventListener("click", (event) => {
    const box = event.target.closest(".box");
    if (event.ctrlKey || event.metaKey || event.shiftKey || !box) return;
    const dragged = dragFrom !== null && Math.abs(event.clientY - dragFrom) >= 4;
    dragFrom = null;
    event.preventDefault();
    if (dragged) return;
    if (box.dataset.block === "input") column.scroller.scrollTo({ top: 0 });
    else go(box.dataset.block);
  });
  tower.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const row = event.target.closest("svg");
    if (!step || !row) return;
    event.preventDefault();
    event.stopPropagation();
    const links = findAll(".box[href]", row);
    links[links.indexOf(event.target.closest(".box")) + step]?.focus();
  });
}
