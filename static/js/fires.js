// Fires here: the layer's strongest maps at the probe's place or the pointer's, from the bytes in the browser; at the
// probe exact as they arrive.

import { drawMap } from "./atlas.js";
import { shownLayer } from "./column.js";
import { element, find, findAll, place, write } from "./dom.js";
import { decimalsFor, number, ordinal } from "./format.js";
import { tableFor } from "./lut.js";
import { valueAt } from "./quantised.js";
import { largestAt } from "./sorting.js";
import { referencesOf, shadeOf } from "./tone.js";

const [FEW, MANY] = [4, 16];
const LONGEST_BAR = 88;
const SETTLE = 120;

export function createFires(store, exact, { onSelect }) {
  const [part, list, where, more] = [find(".fires-part"), ...["#fires", "#fires-place", "#fires-more"].map((id) => find(id))];
  let shown = "";
  let timer = 0;

  more.addEventListener("click", () => store.set({ fires: store.get().fires > FEW ? FEW : MANY }));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = findAll("button", list);
    buttons[buttons.indexOf(document.activeElement) + step]?.focus();
  });

  // `chosen` is the inspector's selection: block, layer data, its name, map k, row y, column x; or `passing` another place.
  function render(chosen) {
    part.hidden = !chosen || chosen.layer.maps < 2;
    if (part.hidden) return;
    const { block, layer, name, k, y, x, state, passing = false } = chosen;
    const [count, many] = [Math.min(state.fires, layer.maps), state.fires > FEW];
    write(more, many ? "Fewer" : "More");
    more.setAttribute("aria-expanded", String(many));
    where.textContent = layer.height * layer.width > 1 ? `row ${y}, column ${x}` : block.name;
    const cell = y * layer.width + x;
    const ranked = largestAt(layer, cell, valueAt);
    const rank = ranked.findIndex(([map]) => map === k);
    const rows = rank < count ? ranked.slice(0, count) : [...ranked.slice(0, count - 1), ranked[rank]];
    const exactOf = ([map, value]) => [map, exact.knownValues(name, map)?.[cell] ?? value, Boolean(exact.knownValues(name, map))];
    const key = [name, k, cell, state.colour, state.norm, state.clip, state.blend, state.gamma, state.low, state.high, document.documentElement.dataset.theme, ...rows.map((row) => exactOf(row))].join();
    if (key === shown) return;
    shown = key;
    const focused = findAll("button", list).indexOf(document.activeElement);
    list.replaceChildren(...rows.map(exactOf).map((row) => rowOf(row, rows[0][1], chosen, rank >= count && rank)));
    if (focused >= 0) findAll("button", list)[Math.min(focused, rows.length - 1)].focus();
    clearTimeout(timer);
    if (!passing) timer = setTimeout(() => fetchMissing(name, rows, chosen), SETTLE);
  }

  function fetchMissing(name, rows, chosen) {
    const missing = rows.filter(([map]) => !exact.knownValues(name, map));
    if (missing.length === 0 || shownLayer(chosen.block, store.get()) !== name) return;
    Promise.all(missing.map(([map]) => exact.values(name, map))).then(() => render(chosen), () => {});
  }

  function rowOf([map, value, isExact], largest, { layer, k, state }, outside) {
    const [canvas, bar] = [element("canvas", { "aria-hidden": "true" }), element("i")];
    const reference = referencesOf(layer, state, 0)(map);
    drawMap(canvas, layer, map, 28, shadeOf(layer, map, reference, tableFor(state.colour, layer.signed), state));
    place(bar, { width: Math.round(Math.max(0, largest > 0 ? value / largest : 0) * LONGEST_BAR) });
    const text = `${isExact ? "" : "≈ "}${number(value, decimalsFor(Math.abs(largest), 1))}`;
    const button = element(
      "button",
      { type: "button", "aria-label": `Map ${map}, ${text}` },
      canvas,
      element("span", {}, String(map)),
      element("span", { class: "bar" }, bar, ...(map === k && outside ? [element("span", { class: "xs t2" }, ordinal(outside + 1))] : [])),
      element("span", { class: "value" }, text),
    );
    button.addEventListener("click", () => onSelect(map));
    return element("li", { class: map === k ? "me" : "" }, button);
  }

  return { render };
}
