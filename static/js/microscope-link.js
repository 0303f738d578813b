// One cell seen in patch, kernel and products at once, and in words. Knows the rows of an equation and their unit.

import { element } from "./microscope-cells.js";
import { sourceOf } from "./microscope-data.js";
import { fixed } from "./microscope-numbers.js";
import { channelName } from "./microscope-words.js";

/** Outline cell (y, x) of one row in patch, kernel and products, and no other cell of `rows`. */
export function light(rows, row, y, x) {
  for (const cell of rows.querySelectorAll(".ms-linked")) cell.classList.remove("ms-linked");
  for (const cell of row?.querySelectorAll(`[data-y="${y}"][data-x="${x}"]`) ?? []) cell.classList.add("ms-linked");
}

/** The line under `rows` that says what the cell under the pointer or the focus adds; the cell is outlined. */
export function linked(rows, unit, env) {
  const line = element("p", "ms-readout");
  const mark = (on) => {
    const row = on?.closest(".ms-terms");
    const { y, x } = on?.dataset ?? {};
    light(rows, row, y, x);
    line.textContent = !row ? "" : termWords(unit, env, Number(row.dataset.channel), Number(y), Number(x));
  };
  for (const kind of ["pointerover", "focusin"]) {
    rows.addEventListener(kind, (event) => mark(event.target.closest(".ms-cell")));
  }
  rows.addEventListener("pointerleave", () => mark(null));
  return line;
}

function termWords(unit, env, c, y, x) {
  const [at, name] = [sourceOf(env.run, unit, c, y, x), channelName(unit, env, c)];
  const [value, weight] = [unit.patch[c][y][x], unit.kernel[c][y][x]];
  const product = `${fixed(value)} × ${fixed(weight)} = ${fixed(value * weight)}`;
  if (!at) return `${name}, in the padding: ${product}`;
  return `${name} of ${at.layer}, row ${at.y}, column ${at.x}: ${product}. Pick it to see where it comes from.`;
}
