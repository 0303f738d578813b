// The inspector: the selected map at a whole factor, the probe's exact value, its scale, its numbers.

import { drawMap } from "./atlas.js";
import { shownLayer } from "./column.js";
import { find, place } from "./dom.js";
import { linesOf, showFault, showLines } from "./explanation.js";
import { clearStatistics, showAxes, showHistogram, showScale, showStatistics, summarise } from "./figure.js";
import { number, percent, whole } from "./format.js";
import { fitInto, volume } from "./layout.js";
import { tableFor } from "./lut.js";
import { isDead, valueAt } from "./quantised.js";
import { rankByMax } from "./sorting.js";
import { referencesOf, shadeOf } from "./tone.js";

const SCOPES = { map: "Scaled to this map. Not comparable with others.", layer: "Scaled to this layer.", network: "Scaled to the network." };

export function createInspector(store, column, exact, { blockOf, onProbe, onHover, onChange }) {
  const host = find("#inspector");
  const part = (id) => find(`#${id}`, host);
  const big = part("big");
  const canvas = find("canvas", big);
  const [rowLine, columnLine, pixel, passing, axes] = [".row-line", ".column-line", ".px", ".px.hover", ".axes"].map((name) => find(name, big));
  const [reading, scale, histogram, statistics, equation] = ["reading", "scale", "histogram", "statistics", "equation"].map(part);
  let shown = null;
  let pending = 0;

  // What the present state selects, or null while its layer has not arrived.
  function selection() {
    const state = store.get();
    const block = blockOf(state.layer);
    const layer = block && column.data(block);
    if (!layer || state.map === null || state.y === null) return null;
    return { state, block, layer, name: shownLayer(block, state), k: state.map, y: state.y, x: state.x };
  }

  function render() {
    const state = store.get();
    host.hidden = state.inspector === "closed" || !state.layer;
    find("#app").classList.toggle("alone", host.hidden);
    const next = selection();
    title(state);
    if (host.hidden || !next) return;
    shown = next;
    const table = tableFor(state.colour, next.layer.signed);
    const reference = referencesOf(next.layer, state.norm, state.clip, state.norm === "network" ? column.networkRange() : 0)(next.k);
    drawBig(next, shadeOf(next.layer, next.k, reference, table));
    const values = exact.knownValues(next.name, next.k);
    show(next, table, reference, values);
    if (!values) fetchValues(next);
    fetchUnit(next);
  }

  function title(state) {
    const block = blockOf(state.layer);
    if (!block) return;
    part("unit-layer").textContent = block.name;
    part("unit-map").textContent = state.map === null ? "" : String(state.map);
    part("unit-show").textContent = block.function ? `${state.show} ${block.function}` : "";
  }

  const sideOf = () => Math.round(parseFloat(getComputedStyle(big).getPropertyValue("--side")));

  function drawBig({ layer, k, y, x, name }, shade) {
    const side = sideOf();
    const fit = fitInto(layer.height, layer.width, side);
    drawMap(canvas, layer, k, side, shade);
    Object.assign(canvas.dataset, { layer: name, map: k, factor: fit.reduce > 1 ? 1 / fit.reduce : fit.enlarge });
    const factor = fit.reduce > 1 ? 1 / fit.reduce : fit.enlarge;
    place(big, { width: fit.width, height: fit.height });
    big.dataset.factor = factor;
    big.setAttribute("aria-label", `${name} map ${k}, arrows move the probe`);
    crosshair(factor, y, x, fit);
    showAxes(axes, [layer.height, layer.width], [y, x], factor);
  }

  function crosshair(factor, y, x, fit) {
    const cell = Math.max(1, factor);
    place(rowLine, { top: Math.floor(y * factor + factor / 2), width: fit.width });
    place(columnLine, { left: Math.floor(x * factor + factor / 2), height: fit.height });
    place(pixel, { left: Math.floor(x * factor), top: Math.floor(y * factor), width: cell, height: cell });
  }

  function show({ state, block, layer, name, k, y, x }, table, reference, values) {
    const cell = y * layer.width + x;
    const value = values ? values[cell] : valueAt(layer, k, cell);
    read(y, x, value, Boolean(values));
    const low = layer.signed || table.kind === "diverging" ? -reference : 0;
    showScale(scale, table, low, reference, value);
    const vector = layer.height * layer.width === 1;
    part("scale-scope").textContent = isDead(layer, k) ? "0 everywhere on this photo." : SCOPES[vector && state.norm === "map" ? "layer" : state.norm] + clipped(state, values, reference);
    part("scale-warning").hidden = !(layer.signed && table.kind === "sequential");
    const rank = `${whole(rankByMax(layer, k))}/${whole(layer.maps)}`;
    part("unit-rank").textContent = `rank ${rank}`;
    if (!values) return clearStatistics(statistics);
    const summary = summarise(values, layer.width);
    showStatistics(statistics, summary, rank, strideText(block));
    const most = layer.signed ? layer.full[k] : summary.high;
    showHistogram(histogram, [part("histogram-left"), part("histogram-right")], values, layer.signed, layer.signed ? -most : 0, most, value);
    big.dataset.values = `${name} ${k}`;
  }

  function clipped({ clip }, values, reference) {
    if (clip >= 100 || !values) return "";
    const over = values.reduce((count, value) => count + (Math.abs(value) > reference * (1 + 1e-6)), 0);
    return ` ${percent(over / values.length)} clipped.`;
  }

  const strideText = ({ receptive_field: field }) => (!field?.stride ? "" : field.stride[0] === field.stride[1] ? `${field.stride[0]} px` : `${field.stride.join("×")} px`);

  function read(y, x, value, isExact) {
    part("probe-row").textContent = whole(y);
    part("probe-column").textContent = whole(x);
    part("probe-value").textContent = isExact ? number(value, 4) : `≈ ${number(value, 1)}`;
  }

  const isShown = ({ name, k, y, x }) => shown && shown.name === name && shown.k === k && shown.y === y && shown.x === x;

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
    const vector = volume(block.shape)[1] * volume(block.shape)[2] === 1 && block.shape.length === 1;
    const key = `${block.before} ${k} ${y} ${x} ${chosen.name}`;
    if (equation.dataset.key === key) return;
    equation.dataset.key = key;
    const values = block.after === block.before ? Promise.resolve(null) : exact.values(block.after, k);
    const both = Promise.all([exact.unit(block.before, [k, y, x], vector), values]);
    follow(both, chosen, ([unit, after]) => showLines(equation, linesOf(unit, block, after ? after[y * chosen.layer.width + x] : null)), (problem) => {
      delete equation.dataset.key;
      showFault(equation, problem);
    });
  }

  function cellOf(event) {
    const bounds = canvas.getBoundingClientRect();
    const { height, width } = shown.layer;
    const at = (offset, side, cells) => Math.min(cells - 1, Math.max(0, Math.floor((offset / side) * cells)));
    return [at(event.clientY - bounds.top, bounds.height, height), at(event.clientX - bounds.left, bounds.width, width)];
  }

  function hover(cell) {
    passing.hidden = !cell;
    reading.classList.toggle("hovering", Boolean(cell));
    onHover(cell ? shown.block : null, cell);
    if (!shown) return;
    const [y, x] = cell ?? [shown.y, shown.x];
    const factor = Number(big.dataset.factor);
    if (cell) place(passing, { left: Math.floor(x * factor), top: Math.floor(y * factor), width: Math.max(1, factor), height: Math.max(1, factor) });
    const at = y * shown.layer.width + x;
    const values = exact.knownValues(shown.name, shown.k);
    read(y, x, values ? values[at] : valueAt(shown.layer, shown.k, at), Boolean(values));
  }

  big.addEventListener("pointermove", (event) => {
    if (!shown) return;
    if (event.buttons === 1) onProbe(cellOf(event), "step");
    else if (event.pointerType === "mouse") hover(cellOf(event));
  });
  big.addEventListener("pointerleave", () => hover(null));
  big.addEventListener("pointerdown", (event) => {
    if (!shown) return;
    big.setPointerCapture(event.pointerId);
    hover(null);
    onProbe(cellOf(event), "push");
  });
  big.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || !shown || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const inside = (at, side) => Math.min(side - 1, Math.max(0, at));
    onProbe([inside(shown.y + step[0], shown.layer.height), inside(shown.x + step[1], shown.layer.width)], "step");
  });

  return { render, selection, canvas: () => canvas, isSettled: () => host.hidden || (pending === 0 && isCurrent()) };

  function isCurrent() {
    const now = selection();
    return now === null || isShown(now);
  }
}

