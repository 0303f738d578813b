// The tower beside the column: fits the server's boxes to the panel, shows what is in sight, and goes where one points.

import { find, findAll, isPhone, place } from "./dom.js";

const [SMALLEST, LARGEST] = [0.72, 1.4];

export function createTower(column, { go }) {
  const tower = find("#tower");
  const [standing, lying, seen, seenLying] = [".standing", ".lying", ".seen", ".seen-lying"].map((name) => find(name, tower));
  const nominal = Number(tower.dataset.height);
  const boxes = findAll(".box", standing).map((node) => {
    const [rect, text] = [find("rect", node), find("text", node)];
    return { node, name: node.dataset.block, rect, text, y: Number(rect.getAttribute("y")), height: Number(rect.getAttribute("height")), textY: text ? Number(text.getAttribute("y")) : 0 };
  });
  let scale = 1;
  const lyingBoxes = findAll(".box", lying);
  let ends = [];

  function fit() {
    scale = Math.min(LARGEST, Math.max(SMALLEST, tower.clientHeight / nominal));
    standing.setAttribute("height", String(nominal * scale));
    for (const box of boxes) {
      box.rect.setAttribute("y", String(Math.round((box.y - 0.5) * scale) + 0.5));
      box.rect.setAttribute("height", String(Math.max(2, Math.round(box.height * scale))));
      box.text?.setAttribute("y", String((box.textY - 3.5) * scale + 3.5));
    }
  }

  const along = (box, share) => Number(box.rect.getAttribute("y")) - 0.5 + (Number(box.rect.getAttribute("height")) + 1) * share;

  function showSeen() {
    const visible = column.visible();
    const names = new Set(visible.map(([name]) => name));
    for (const { node, name } of boxes) node.classList.toggle("visible", names.has(name));
    const at = (name) => boxes.find((box) => box.name === name);
    seen.hidden = visible.length === 0;
    if (visible.length === 0) return;
    const [[first, from], [last, , to]] = [visible[0], visible[visible.length - 1]];
    const [top, bottom] = [along(at(first), from), along(at(last), to)];
    if (isPhone()) showLying(first, from, last, to);
    place(seen, { top: Math.round(top), height: Math.max(3, Math.round(bottom - top)) });
    ends = [top, bottom];
    keepInSight();
  }

  function showLying(first, from, last, to) {
    const at = (name) => find("rect", lyingBoxes.find((box) => box.dataset.block === name));
    const edge = (rect, share) => Number(rect.getAttribute("x")) + Number(rect.getAttribute("width")) * share;
    const [left, right] = [edge(at(first), from), edge(at(last), to)];
    seenLying.setAttribute("x", String(left - 2));
    seenLying.setAttribute("width", String(Math.max(4, right - left + 4)));
  }

  function keepInSight() {
    if (tower.scrollHeight <= tower.clientHeight) return;
    if (ends[0] < tower.scrollTop || ends[1] > tower.scrollTop + tower.clientHeight) tower.scrollTop = ends[0] - tower.clientHeight / 3;
  }

  function select(name) {
    const stage = lyingBoxes.find((box) => box.dataset.block === name)?.dataset.stage;
    for (const box of lyingBoxes) box.classList.toggle("probe-stage", box.dataset.stage === stage);
    for (const box of findAll(".box", tower)) {
      const chosen = box.dataset.block === name;
      box.classList.toggle("probe", chosen);
      box.tabIndex = chosen && box.hasAttribute("href") ? 0 : -1;
      if (chosen) box.setAttribute("aria-current", "true");
      else box.removeAttribute("aria-current");
    }
  }

  return { fit, showSeen, select, bind: (bindTower) => bindTower({ tower, standing, column, boxes, along, go }) };
}
