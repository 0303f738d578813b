// Fires here: the layer's strongest maps at the probe's place, from the bytes in the browser, exact as they arrive.

import { drawMap } from "./atlas.js";
import { shownLayer } from "./column.js";
import { element, find, place } from "./dom.js";
import { decimalsFor, number, ordinal } from "./format.js";
import { tableFor } from "./lut.js";
import { valueAt } from "./quantised.js";
import { largestAt } from "./sorting.js";
import { referencesOf, shadeOf } from "./tone.js";

const ROWS = 4;
const LONGEST_BAR = 88;
const SETTLE = 120;

export function createFires(store, exact, { onSelect }) {
  const [part, list, where] = [find(".fires-part"), find("#fires"), find("#fires-place")];
  let shown = "";
  let timer = 0;

  // `chosen` is the inspector's selection: block, layer data, its name, map k, row y, column x.
  function render(chosen) {
    part.hidden = !chosen || chosen.layer.maps < 2;
    if (part.hidden) return;
    const { block, layer, name, k, y, x, state } = chosen;
    where.textContent = layer.height * layer.width > 1 ? `${block.name}, row ${y}, column ${x}` : block.name;
    const cell = y * layer.width + x;
    const ranked = largestAt(layer, cell, valueAt);
    const rank = ranked.findIndex(([map]) => map === k);
    const rows = rank < ROWS ? ranked.slice(0, ROWS) : [...ranked.slice(0, ROWS - 1), ranked[rank]];
    const exactOf = ([map, value]) => [map, exact.knownValues(name, map)?.[cell] ?? value, Boolean(exact.knownValues(name, map))];
    const key = [name, k, cell, state.colour, state.norm, state.clip, document.documentElement.dataset.theme, ...rows.map((row) => exactOf(row))].join();
    if (key === shown) return;
    shown = key;
    list.replaceChildren(...rows.map(exactOf).map((row) => rowOf(row, rows[0][1], chosen, rank)));
    clearTimeout(timer);
    timer = setTimeout(() => fetchMissing(name, rows, chosen), SETTLE);
  }

  function fetchMissing(name, rows, chosen) {
    const missing = rows.filter(([map]) => !exact.knownValues(name, map));
    if (missing.length === 0 || shownLayer(chosen.block, store.get()) !== name) return;
    Promise.all(missing.map(([map]) => exact.values(name, map))).then(() => render(chosen), () => {});
  }

  function rowOf([map, value, isExact], largest, { layer, k, state }, rank) {
    const [canvas, bar] = [element("canvas", { "aria-hidden": "true" }), element("i")];
    const reference = referencesOf(layer, state.norm === "network" ? "layer" : state.norm, state.clip, 0)(map);
    drawMap(canvas, layer, map, 28, shadeOf(layer, map, reference, tableFor(state.colour, layer.signed)));
    place(bar, { width: Math.round(Math.max(0, largest > 0 ? value / largest : 0) * LONGEST_BAR) });
    const outside = map === k && rank >= ROWS;
    const text = `${isExact ? "" : "≈ "}${number(value, decimalsFor(Math.abs(largest), 1))}`;
    const button = element(
      "button",
      { type: "button", "aria-label": `Map ${map}, ${text}` },
      canvas,
      element("span", {}, String(map)),
      element("span", { class: "bar" }, bar, ...(outside ? [element("span", { class: "xs t2" }, ordinal(rank + 1))] : [])),
      element("span", { class: "value" }, text),
    );
    button.addEventListener("click", () => onSelect(map));
    return element("li", { class: map === k ? "me" : "" }, button);
  }

  return { render };
}
