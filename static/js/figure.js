// The inspector's figures beside the map: colour scale with its pointer, histogram, statistics. Numbers in, pictures out.

import { element, find, findAll, place, shapeElement } from "./dom.js";
import { decimalsFor, number, percent, whole } from "./format.js";
import { paintScale } from "./lut.js";

const BINS = 40;
const [PLOT_WIDTH, PLOT_HEIGHT] = [280, 46];

// What one map's exact values (float32) amount to; the first largest value in row-major order is the place.
export function summarise(values, width) {
  let [low, high, at, sum, zeros] = [Infinity, -Infinity, 0, 0, 0];
  values.forEach((value, index) => {
    if (value > high) [high, at] = [value, index];
    if (value < low) low = value;
    if (value === 0) zeros += 1;
    sum += value;
  });
  const mean = sum / values.length;
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
  return { low, high, place: [Math.floor(at / width), at % width], mean, std: Math.sqrt(variance), zeros, count: values.length };
}

export function showStatistics(list, { low, high, place: at, mean, std, zeros, count }, rank, stride) {
  const decimals = decimalsFor(Math.max(Math.abs(low), Math.abs(high)), 2);
  const texts = {
    max: number(high, decimals), min: number(low, decimals), mean: number(mean, decimals), std: number(std, decimals),
    place: `${at[0]}, ${at[1]}`, zeros: percent(zeros / count), rank, stride,
  };
  for (const [name, text] of Object.entries(texts)) find(`[data-stat="${name}"]`, list).textContent = text;
}

export function clearStatistics(list) {
  for (const cell of findAll("dd", list)) cell.textContent = "";
}

// The colour scale from `low` to `high`, with its middle written and the pointer at the probe's value.
export function showScale(host, table, low, high, value) {
  paintScale(find("canvas", host), table);
  const decimals = decimalsFor(high, 1);
  const middle = (low + high) / 2;
  const text = (number_) => (number_ === 0 ? "0" : number(number_, decimals));
  findAll(".lab", host).forEach((label, index) => (label.textContent = text([low, middle, high][index])));
  const pointer = find(".ptr", host);
  pointer.hidden = value === null || !(high > low);
  if (!pointer.hidden) place(pointer, { left: Math.min(1, Math.max(0, (value - low) / (high - low))) * host.clientWidth - 1 });
}

// Counts on a logarithmic scale between `low` and `high`; zeros of unsigned data are counted apart.
export function showHistogram(svg, [left, right], values, signed, low, high, value) {
  const bins = new Array(BINS).fill(0);
  let zeros = 0;
  for (const each of values) {
    if (!signed && each === 0) zeros += 1;
    else if (high > low) bins[Math.max(0, Math.min(BINS - 1, Math.floor(((each - low) / (high - low)) * BINS)))] += 1;
  }
  const most = Math.log10(1 + Math.max(1, ...bins));
  const width = PLOT_WIDTH / BINS;
  find("g", svg).replaceChildren(
    ...bins.map((count, bin) => {
      const height = (Math.log10(1 + count) / most) * PLOT_HEIGHT;
      return shapeElement("rect", { x: bin * width, y: 48 - height, width: width - 1, height });
    }),
  );
  const at = Math.min(1, Math.max(0, (value - low) / (high - low || 1))) * (PLOT_WIDTH - 1);
  find(".at", svg).setAttribute("d", value === null ? "" : `M${at} 0V52`);
  left.textContent = signed ? `${whole(values.length)} values` : `${whole(values.length - zeros)} values > 0, log count`;
  right.textContent = signed ? "log count" : `${whole(zeros)} zeros apart`;
  svg.setAttribute("aria-label", `Histogram of ${whole(values.length)} values, ${whole(zeros)} of them zero`);
}

// Row and column numbers beside a map drawn at `factor` pixels a cell; the probe's own stand out.
export function showAxes(host, [height, width], [y, x], factor) {
  const longest = Math.max(height, width);
  const step = longest <= 14 ? 4 : longest <= 28 ? 8 : longest <= 56 ? 10 : longest <= 112 ? 20 : longest <= 280 ? 40 : 100;
  const label = (kind, at, side) => {
    const node = element("span", { class: `${kind}${at === side ? " at" : ""}` }, String(at));
    place(node, kind === "down" ? { top: at * factor + factor / 2 - 5 } : { left: at * factor + factor / 2 - 20 });
    return node;
  };
  const marks = (kind, cells, probe, room) => {
    const ticks = Array.from({ length: Math.ceil(cells / step) }, (_, i) => i * step).filter((at) => Math.abs(at - probe) * factor > room);
    return [...ticks, probe].map((at) => label(kind, at, probe));
  };
  host.replaceChildren(...marks("down", height, y, 14), ...marks("across", width, x, 18));
}
