// Where else the selected map can be seen: both sides in the explorer, B − A as an array.

import { find } from "./dom.js";

function explorerAddress({ run }, layer, map, cell) {
  const query = new URLSearchParams({ image: run.image, model: run.model_name });
  if (run.size) query.set("size", run.size);
  if (run.fit !== "crop") query.set("fit", run.fit);
  query.set("layer", layer);
  if (map !== null) query.set("map", map);
  if (map !== null && cell) cell.forEach((at, axis) => query.set("yx"[axis], Math.max(0, at)));
  return `/?${query}`;
}

export function createLinks({ a, b }, pair) {
  const [npy, openA, openB] = ["#save-npy", "#open-a", "#open-b"].map((id) => find(id));
  return function render({ row, map, cell, by }, align) {
    openA.href = explorerAddress(a, row.layer, map, cell);
    openB.hidden = !b || b.run.edits.length > 0;
    if (!openB.hidden) openB.href = explorerAddress(b, row.partner, map, cell && by ? cell.map((at, axis) => at + by[axis]) : cell);
    npy.hidden = !b || map === null;
    if (npy.hidden) return;
    npy.href = `${pair.differencePath(row.layer, align, "npy")}&map=${map}`;
    npy.download = `${row.layer}-${map}-difference.npy`;
  };
}
