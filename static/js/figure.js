// The inspector's figures beside the map: colour scale with its pointer, histogram, statistics. Numbers in, pictures out.

import { colour, element, find, findAll, place, shapeElement } from "./dom.js";
import { decimalsFor, number, percent, whole } from "./format.js";
import { paintScale } from "./lut.js";

const BINS = 40;
const [PLOT_WIDTH, PLOT_HEIGHT] = [280, 46];

// What one map's exact values (float32) amount to; the first largest value in row-major order is the place.
// A vector (width null) has an index in place of a row and a column.
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
  return { low, high, place: width === null ? [at] : [Math.floor(at / width), at % width], mean, std: Math.sqrt(variance), zeros, count: values.length };
}

export function showStatistics(list, { low, high, place: at, mean, std, zeros, count }, rank, stride) {
  const decimals = decimalsFor(Math.max(Math.abs(low), Math.abs(high)), 2);
  const texts = {
    max: number(high, decimals), min: number(low, decimals), mean: number(mean, decimals), std: number(std, decimals),
    place: at.join(", "), zeros: percent(zeros / count), rank, stride,
  };
  find("[data-stat=place]", list).previousElementSibling.textContent = at.length > 1 ? "at row, col" : "at index";
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

// A vector's values as bars from zero, the chosen one in the probe's colour; where bars are thinner than a pixel the
// largest and smallest of those that share it.
export function drawBars(canvas, values, chosen, [width, height], ratio) {
  [canvas.width, canvas.height] = [width * ratio, height * ratio];
  const context = canvas.getContext("2d");
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [0, 0]);
  const y = (value) => Math.round(((high - value) / (high - low || 1)) * (canvas.height - ratio));
  const step = canvas.width / values.length;
  const bar = (index, ink, wide) => {
    context.fillStyle = ink;
    const [top, zero] = [Math.min(y(values[index]), y(0)), Math.max(y(values[index]), y(0))];
    context.fillRect(Math.floor(index * step), top, Math.max(wide, Math.floor(step) - (step > 3 * ratio ? ratio : 0)), zero - top + ratio);
  };
  for (let index = 0; index < values.length; index++) bar(index, colour("--bar"), 1);
  bar(chosen, colour("--accent-mark"), 2 * ratio);
}
