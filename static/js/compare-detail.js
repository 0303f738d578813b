// The right of the compare page: one map of A, B and B − A, the probe's values in it, and A against B cell by cell.

import { showAxes } from "./axes.js";
import { cellNumbers } from "./compare-align.js";
import { drawOne, factorOf } from "./compare-draw.js";
import { colour, find, findAll, place } from "./dom.js";
import { decimalsFor, number, percent, whole } from "./format.js";
import { valueAt } from "./quantised.js";

const SCATTER = 120;
const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export function createDetail({ onProbe, onHover }) {
  const host = find("#detail");
  const part = (id) => find(`#${id}`, host);
  const tiles = ["#tile-a", "#tile-b", "#big"].map((id) => find(id, host));
  let shown = null;

  // `next` is the page's view with exact `values` of A's and B's map, null while they are on their way.
  function render(next) {
    shown = next;
    part("unit-layer").textContent = next.name;
    part("unit-map").textContent = next.map === null ? "" : String(next.map);
    const position = next.order.indexOf(next.map);
    part("unit-rank").textContent = next.byMap && next.sort === "change" && position >= 0 ? (next.numbers.norm === 0 ? `${whole(next.order.length)} maps, all equal` : position === 0 ? `most changed of ${whole(next.order.length)}` : `${whole(position + 1)} of ${whole(next.order.length)}`) : "";
    const ready = next.map !== null && next.layers[0];
    host.classList.toggle("waiting", !ready);
    host.classList.toggle("flat", next.flat);
    if (!ready) return;
    tiles.forEach((tile, index) => drawTile(tile, next.layers[index], index));
    most();
    scatter();
    mark(next.cell, false);
  }

  function drawTile(tile, layer, index) {
    const canvas = find("canvas", tile);
    tile.classList.toggle("missing", !layer);
    const side = Math.round(parseFloat(getComputedStyle(tile).getPropertyValue("--side")));
    if (!layer) return place(tile, { width: side, height: side });
    const fit = drawOne(canvas, layer, shown.map, side, shown.shades[index](shown.map));
    tile.dataset.factor = factorOf(fit);
    Object.assign(canvas.dataset, { layer: shown.name, map: shown.map, factor: factorOf(fit) });
    for (const node of [tile, canvas]) place(node, { width: fit.width, height: fit.height });
  }

  function most() {
    ["a", "b"].forEach((letter, index) => {
      const layer = shown.layers[index];
      part(`most-${letter}`).textContent = layer ? `max ${number(layer.high[shown.map], decimalsFor(layer.high[shown.map], 1))}` : shown.expected[index] ? "computing" : "not chosen";
    });
  }

  // Moves the crosshair and the values to a cell; while hovering the probe itself stays.
  function mark(cell, hovering) {
    host.classList.toggle("hovering", hovering);
    if (!cell || !shown?.layers[0]) return;
    const { height, width } = shown.layers[0];
    for (const tile of tiles) {
      const factor = Number(tile.dataset.factor || 1);
      place(find(".row-line", tile), { top: Math.floor((cell[0] + 0.5) * factor), width: width * factor });
      place(find(".column-line", tile), { left: Math.floor((cell[1] + 0.5) * factor), height: height * factor });
      place(find(".px", tile), { top: Math.floor(cell[0] * factor), left: Math.floor(cell[1] * factor), width: Math.max(1, factor), height: Math.max(1, factor) });
    }
    showAxes(find(".axes", tiles[2]), [height, width], cell, Number(tiles[2].dataset.factor || 1));
    read(cell);
  }

  function read(cell) {
    const [a, b] = valuesAt(cell);
    const decimals = decimalsFor(Math.max(Math.abs(a.value ?? 0), Math.abs(b.value ?? 0)), 2);
    const text = ({ value, exact }) => (value === null ? (shown.layers[1] ? "none" : "") : `${exact ? "" : "≈ "}${number(value, exact ? decimals : 1)}`);
    part("value-a").textContent = text(a);
    part("value-b").textContent = text(b);
    const both = a.value !== null && b.value !== null;
    const change = both ? Math.fround(b.value - a.value) : null;
    part("value-difference").textContent = both ? `${change > 0 ? "+" : ""}${text({ value: change, exact: a.exact && b.exact })}` : text({ value: null });
    movePoint(a, b);
  }

  // A's value at a cell and B's value that was laid on it; null where B has none.
  function valuesAt([y, x]) {
    const { layers: [a, b], by, map, values } = shown;
    const at = y * a.width + x;
    const from = by ? [y + by[0], x + by[1]] : null;
    const inside = from && from[0] >= 0 && from[1] >= 0 && from[0] < a.height && from[1] < a.width;
    const one = (exact, layer, cell) => (exact ? { value: exact[cell], exact: true } : { value: layer ? valueAt(layer, map, cell) : null, exact: false });
    const mine = one(values[0], a, at);
    if (!inside) return [mine, { value: null, exact: true }];
    return [mine, values[1] ? { value: values[1][from[0] * a.width + from[1]], exact: true } : one(null, b, at)];
  }

  let ends = null;

  function scatter() {
    const { numbers, by, layers: [a, b], flat } = shown;
    // A vector's maps are single values: all of them are shown, each exact in its layer's `high`.
    const values = flat ? [a.high, b?.high] : shown.values;
    const count = flat ? { top: 0, left: 0, height: 1, width: a.maps } : numbers?.region;
    ends = null;
    find(".at", part("scatter")).toggleAttribute("hidden", true);
    const done = values[0] && values[1] && count && by;
    part("scatter").style.visibility = done ? "" : "hidden";
    for (const cell of findAll("[data-number]", host)) cell.textContent = "";
    part("compared-cells").textContent = "";
    if (!done) return;
    const found = cellNumbers(values[0], values[1], flat ? a.maps : a.width, count, flat ? [0, 0] : by);
    const limits = found.pairs.flat().reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [0, 0]);
    ends = limits;
    drawPoints(found.pairs);
    say(found, count, limits);
  }

  function drawPoints(pairs) {
    const canvas = find("canvas", part("scatter"));
    const ratio = devicePixelRatio;
    [canvas.width, canvas.height] = [SCATTER * ratio, SCATTER * ratio];
    const context = canvas.getContext("2d");
    context.fillStyle = colour("--bar-strong");
    context.globalAlpha = 0.35;
    const dot = 3 * ratio;
    for (const [a, b] of pairs) context.fillRect(at(a) * ratio - dot / 2, (SCATTER - at(b)) * ratio - dot / 2, dot, dot);
  }

  const at = (value) => ((value - ends[0]) / (ends[1] - ends[0] || 1)) * SCATTER;

  function movePoint(a, b) {
    const point = find(".at", part("scatter"));
    const known = ends && a.value !== null && b.value !== null;
    point.toggleAttribute("hidden", !known);
    if (!known) return;
    point.setAttribute("cx", Math.min(SCATTER, Math.max(0, at(a.value))));
    point.setAttribute("cy", SCATTER - Math.min(SCATTER, Math.max(0, at(b.value))));
  }

  function say({ up, down, equal, correlation }, { height, width }, [low, high]) {
    const map = shown.byMap?.get(shown.map);
    const texts = {
      share: !map ? "" : map.relative === null ? "A is 0" : percent(map.relative),
      correlation: correlation === null ? "none" : number(correlation, 3),
      up: whole(up), down: whole(down), equal: whole(equal),
    };
    for (const [name, text] of Object.entries(texts)) find(`[data-number="${name}"]`, host).textContent = text;
    const decimals = Math.max(-low, high) >= 100 ? 0 : decimalsFor(Math.max(-low, high), 1);
    part("scatter-range").textContent = `A, ${low === 0 ? "0" : number(low, decimals)} to ${number(high, decimals)}`;
    part("scatter").setAttribute("aria-label", `A against B for every cell: ${whole(up)} rise, ${whole(down)} fall, ${whole(equal)} are equal`);
    const all = shown.layers[0].height * shown.layers[0].width === height * width;
    part("compared-cells").textContent = shown.flat ? `all ${whole(width)} values` : `${whole(width)}×${whole(height)} cells${all ? "" : ", the rest left out"}`;
  }

  function cellOf(event, tile) {
    const bounds = tile.getBoundingClientRect();
    const { height, width } = shown.layers[0];
    const cell = (offset, side, cells) => Math.min(cells - 1, Math.max(0, Math.floor((offset / side) * cells)));
    return [cell(event.clientY - bounds.top, bounds.height, height), cell(event.clientX - bounds.left, bounds.width, width)];
  }

  for (const tile of tiles) {
    tile.addEventListener("pointermove", (event) => {
      if (!shown?.layers[0]) return;
      if (event.buttons === 1) onProbe(cellOf(event, tile), "step");
      else if (event.pointerType === "mouse") onHover(cellOf(event, tile));
    });
    tile.addEventListener("pointerleave", () => onHover(null));
    tile.addEventListener("pointerdown", (event) => {
      if (!shown?.layers[0]) return;
      tile.setPointerCapture(event.pointerId);
      onProbe(cellOf(event, tile), "push");
    });
  }
  tiles[2].addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!step || !shown?.cell || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const { height, width } = shown.layers[0];
    const inside = (value, side) => Math.min(side - 1, Math.max(0, value));
    onProbe([inside(shown.cell[0] + step[0], height), inside(shown.cell[1] + step[1], width)], "step");
  });

  return { render, mark, isSettled: () => !shown || shown.map === null || shown.values.every((values, index) => values || !shown.expected[index]) };
}
