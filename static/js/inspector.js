// The inspector: the selected map at a whole factor, the probe's exact value, its scale, its numbers.

import { drawMap } from "./atlas.js";
import { showAxes } from "./axes.js";
import { shownLayer } from "./column.js";
import { element, find, place } from "./dom.js";
import { linesOf, showFault, showLines } from "./explanation.js";
import { clearStatistics, countsOf, showHistogram, showScale, showStatistics, summarise } from "./figure.js";
import { number, percent, whole } from "./format.js";
import { fitInto } from "./layout.js";
import { tableFor } from "./lut.js";
import { isDead, valueAt } from "./quantised.js";
import { rankByMax } from "./sorting.js";
import { endsOf, referencesOf, shadeOf } from "./tone.js";

const SCOPES = { map: "Scaled to this map. Not comparable with others.", layer: "Scaled to this layer.", network: "Scaled to the network.", fixed: "Scaled to a fixed range." };

export function createInspector(run, store, column, exact, { blockOf, onProbe, onMap, onHover, onChange }) {
  const host = find("#inspector");
  const part = (id) => find(`#${id}`, host);
  const big = part("big");
  const canvas = find("canvas", big);
  const [rowLine, columnLine, pixel, passing, axes] = [".row-line", ".column-line", ".px", ".px.hover", ".axes"].map((name) => find(name, big));
  const [reading, scale, histogram, statistics, equation] = ["reading", "scale", "histogram", "statistics", "equation"].map(part);
  let [shown, passed, waits] = [null, null, false];
  let pending = 0;

  // What the present state selects, or null while its layer has not arrived.
  function selection() {
    const state = store.get();
    const block = blockOf(state.layer);
    const layer = block && column.data(block);
    if (!layer || state.map === null || state.y === null) return null;
    const name = shownLayer(block, state);
    const vector = layer.height * layer.width === 1;
    // A vector is looked at as a whole: its values are exact in the layer's own `high`.
    const values = () => (vector ? layer.high : exact.knownValues(name, state.map));
    const cell = vector ? state.map : state.y * layer.width + state.x;
    return { state, block, layer, name, vector, values, cell, k: state.map, y: state.y, x: state.x };
  }

  function render() {
    const state = store.get();
    host.hidden = state.inspector === "closed" || !state.layer;
    find("#app").classList.toggle("alone", host.hidden);
    const next = selection();
    title(state);
    host.classList.toggle("waiting", !next);
    if (host.hidden || !next) return;
    shown = next;
    const table = tableFor(state.colour, next.layer.signed);
    const reference = referencesOf(next.layer, state, state.norm === "network" ? column.networkRange() : 0)(next.k);
    big.classList.toggle("vector", next.vector);
    if (next.vector) drawVector(next);
    else drawBig(next, shadeOf(next.layer, next.k, reference, table, state));
    show(next, table, reference);
    waits = !column.isFresh(next.block);
    if (waits) return;
    if (!next.values()) fetchValues(next);
    fetchUnit(next);
  }

  function title(state) {
    const block = blockOf(state.layer);
    if (!block) return;
    part("unit-layer").textContent = block.name;
    part("unit-map").textContent = state.map === null ? "" : String(state.map);
    part("unit-show").textContent = [block.function && `${state.show} ${block.function}`, state.diff && "B − A"].filter(Boolean).join(", ");
  }

  const sideOf = () => Math.round(parseFloat(getComputedStyle(big).getPropertyValue("--side")));

  function drawBig({ layer, k, y, x, name }, shade) {
    const side = sideOf();
    const fit = fitInto(layer.height, layer.width, side);
    drawMap(canvas, layer, k, side, shade);
    Object.assign(canvas.dataset, { layer: name, map: k, factor: fit.reduce > 1 ? 1 / fit.reduce : fit.enlarge });
    const factor = fit.reduce > 1 ? 1 / fit.reduce : fit.enlarge;
    place(big, { width: fit.width, height: fit.height });
    place(canvas, { width: fit.width, height: fit.height });
    big.dataset.factor = factor;
    big.setAttribute("aria-label", `${name} map ${k}, arrows move the probe`);
    crosshair(factor, y, x, fit);
    showAxes(axes, [layer.height, layer.width], [y, x], factor);
  }

  function drawVector(chosen) {
    const { layer, k, name } = chosen;
    const size = [sideOf(), Math.round(sideOf() * 0.6)];
    import("./bars.js").then(({ drawBars }) => isShown(chosen) && drawBars(canvas, layer.high, k, size, devicePixelRatio));
    place(canvas, { width: size[0], height: size[1] });
    place(big, { width: size[0], height: size[1] });
    Object.assign(canvas.dataset, { layer: name, map: k, factor: "" });
    big.setAttribute("aria-label", `${name}, ${whole(layer.maps)} values, arrows move the probe`);
    showAxes(axes, [1, layer.maps], [0, k], size[0] / layer.maps);
  }

  function crosshair(factor, y, x, fit) {
    const cell = Math.max(1, factor);
    place(rowLine, { top: Math.floor(y * factor + factor / 2), width: fit.width });
    place(columnLine, { left: Math.floor(x * factor + factor / 2), height: fit.height });
    place(pixel, { left: Math.floor(x * factor), top: Math.floor(y * factor), width: cell, height: cell });
  }

  function show(chosen, table, reference) {
    const { state, block, layer, name, vector, k, cell } = chosen;
    const values = chosen.values();
    const value = values ? values[cell] : valueAt(layer, k, cell);
    if (passed && !vector) point(passed);
    else read(chosen, cell, value, Boolean(values));
    const ends = endsOf(layer, reference, table, state);
    showScale(scale, table, ends, value, state.gamma);
    part("scale-scope").textContent = isDead(layer, k) ? (state.diff ? "Unchanged." : "0 everywhere on this photo.") : scopeOf(state, vector) + clipped(values, ends);
    warn(layer.signed, table.kind);
    const rank = `${whole(rankByMax(layer, k))}/${whole(layer.maps)}`;
    part("unit-rank").textContent = `rank ${rank}`;
    if (!values) return clearStatistics(statistics);
    const summary = summarise(values, vector ? null : layer.width);
    showStatistics(statistics, summary, rank, strideText(block));
    const most = layer.signed ? Math.max(-summary.low, summary.high) : summary.high;
    histogramOf(chosen, values, layer.signed ? -most : 0, most).then((counts) => isShown(chosen) && showHistogram(histogram, [part("histogram-left"), part("histogram-right")], counts, value), () => {});
    big.dataset.values = `${name} ${k}`;
  }

  function scopeOf({ norm, blend, gamma }, vector) {
    const scope = vector && norm === "map" ? "layer" : norm;
    const between = scope === "map" && blend > 0 ? `Scaled between this map (${100 - blend} %) and its layer (${blend} %).` : SCOPES[scope];
    return between + (gamma === 1 ? "" : ` Gamma ${number(gamma, 2)}.`);
  }

  function warn(signed, kind) {
    part("scale-warning").hidden = signed === (kind === "diverging");
    find("span", part("scale-warning")).textContent = signed
      ? "A colour map without a middle on signed values: zero has no colour of its own."
      : "A colour map with a middle on values from zero: half of its colours are not used.";
  }

  // How much lies beyond the ends of the scale, where there is any.
  function clipped(values, [low, high]) {
    const slack = 1e-6 * Math.max(Math.abs(low), Math.abs(high));
    const over = values?.reduce((count, value) => count + (value > high + slack || value < low - slack), 0);
    return over > 0 ? ` ${percent(over / values.length)} clipped.` : "";
  }

  // Of the map's exact values, or of all the layer's from its bytes.
  async function histogramOf({ layer, state, vector }, values, low, high) {
    if (state.hist === "map" || vector) return countsOf(values, layer.signed, low, high);
    const { layerCounts } = await import("./layer-counts.js");
    return layerCounts(layer);
  }

  const strideText = ({ receptive_field: field }) => (!field?.stride || field.whole ? "" : field.stride[0] === field.stride[1] ? `${field.stride[0]} px` : `${field.stride.join("×")} px`);

  function read({ vector, layer }, cell, value, isExact) {
    const ink = (id, number_) => element("output", { class: "ink", id }, whole(number_));
    const words = vector
      ? ["value ", ink("probe-index", cell), ` of ${whole(layer.maps)}`]
      : ["row ", ink("probe-row", Math.floor(cell / layer.width)), ", column ", ink("probe-column", cell % layer.width)];
    part("probe-place").replaceChildren(...words);
    part("probe-value").textContent = isExact ? number(value, 4) : `≈ ${number(value, 1)}`;
  }

  const isShown = ({ layer, name, k, y, x }) => shown && shown.layer === layer && shown.name === name && shown.k === k && shown.y === y && shown.x === x;

  function follow(promise, chosen, done, failed) {
    pending += 1;
    promise.then((value) => isShown(chosen) && done(value), (problem) => isShown(chosen) && failed(problem)).finally(() => {
      pending -= 1;
      onChange();
    });
  }

  function fetchValues(chosen) {
    follow(exact.values(chosen.name, chosen.k), chosen, render, (problem) => (part("scale-scope").textContent = `${problem.title}. ${problem.detail}`));
  }

  function fetchUnit(chosen) {
    const { block, k, y, x } = chosen;
    const vector = block.shape.length === 1;
    const key = `${run.id} ${block.before} ${k} ${y} ${x} ${chosen.name}`;
    if (equation.dataset.key === key) return;
    equation.dataset.key = key;
    const values = block.after === block.before ? Promise.resolve(null) : exact.of(run.id, block.after, k);
    const both = Promise.all([exact.unit(block.before, [k, y, x], vector), values]);
    const afterAt = (after) => (after === null ? null : after[chosen.vector ? 0 : chosen.cell]);
    follow(both, chosen, ([unit, after]) => showLines(equation, linesOf(unit, block, afterAt(after))), (problem) => {
      delete equation.dataset.key;
      showFault(equation, problem);
    });
  }

  function cellOf(event) {
    const bounds = canvas.getBoundingClientRect();
    const [height, width] = shown.vector ? [1, shown.layer.maps] : [shown.layer.height, shown.layer.width];
    const at = (offset, side, cells) => Math.min(cells - 1, Math.max(0, Math.floor((offset / side) * cells)));
    return [at(event.clientY - bounds.top, bounds.height, height), at(event.clientX - bounds.left, bounds.width, width)];
  }

  function hover(cell) {
    point(cell);
    if (shown) onHover(cell && !shown.vector ? shown.block : null, cell);
  }

  // Outlines another cell in passing and reads its value, or the probe's again.
  function point(cell) {
    passed = cell;
    if (!shown) return;
    passing.hidden = !cell || shown.vector;
    reading.classList.toggle("hovering", Boolean(cell));
    const factor = Number(big.dataset.factor);
    if (!passing.hidden) place(passing, { left: Math.floor(cell[1] * factor), top: Math.floor(cell[0] * factor), width: Math.max(1, factor), height: Math.max(1, factor) });
    const at = !cell ? shown.cell : shown.vector ? cell[1] : cell[0] * shown.layer.width + cell[1];
    const values = shown.values();
    read(shown, at, values ? values[at] : valueAt(shown.layer, shown.k, at), Boolean(values));
  }

  // Moves the probe: to a cell of the map, or to another value of the vector.
  function move(cell, how) {
    if (shown.vector) onMap(shown.block, cell[1], how);
    else onProbe(cell, how);
  }

  big.addEventListener("pointermove", (event) => {
    if (!shown) return;
    if (event.buttons === 1) move(cellOf(event), "step");
    else if (event.pointerType === "mouse") hover(cellOf(event));
  });
  big.addEventListener("pointerleave", () => hover(null));
  big.addEventListener("pointerdown", (event) => {
    if (!shown) return;
    big.setPointerCapture(event.pointerId);
    hover(null);
    move(cellOf(event), "push");
  });
  big.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || !shown || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const inside = (at, side) => Math.min(side - 1, Math.max(0, at));
    const [y, x] = shown.vector ? [0, shown.k] : [shown.y, shown.x];
    move([inside(y + step[0], shown.layer.height), inside(x + step[1], shown.vector ? shown.layer.maps : shown.layer.width)], "step");
  });

  return { render, selection, point, canvas: () => canvas, isSettled: () => host.hidden || (pending === 0 && isCurrent()) };

  function isCurrent() {
    const now = selection();
    return now === null || (isShown(now) && !waits && column.isFresh(now.block));
  }
}

