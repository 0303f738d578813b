// The inspector's figures beside the map: colour scale with its pointer, histogram, statistics. Numbers in, pictures out.

import { element, find, findAll, place, shapeElement } from "./dom.js";
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
// With a gamma other than 1 a value stands where its colour is.
export function showScale(host, table, [low, high], value, gamma = 1) {
  paintScale(find("canvas", host), table);
  const decimals = decimalsFor(Math.max(Math.abs(low), Math.abs(high)), 1);
  const even = low === -high;
  const middle = even ? 0 : low + (high - low) * 0.5 ** (1 / gamma);
  const shareOf = (at) => (even ? 0.5 + (Math.sign(at) * (Math.abs(at) / high) ** gamma) / 2 : Math.max(0, (at - low) / (high - low)) ** gamma);
  const text = (number_) => (number_ === 0 ? "0" : number(number_, decimals));
  findAll(".lab", host).forEach((label, index) => (label.textContent = text([low, middle, high][index])));
  const pointer = find(".ptr", host);
  pointer.hidden = value === null || !(high > low);
  if (!pointer.hidden) place(pointer, { left: Math.min(1, Math.max(0, shareOf(value))) * host.clientWidth - 1 });
}

// How many values there are in each part of the range from `low` to `high`; zeros of unsigned data are counted apart.
// `weight(index)` says how often a value counts.
export function countsOf(values, signed, low, high, weight = () => 1) {
  const bins = new Array(BINS).fill(0);
  let [zeros, count] = [0, 0];
  values.forEach((each, index) => {
    const times = weight(index);
    count += times;
    if (!signed && each === 0) zeros += times;
    else if (high > low) bins[Math.max(0, Math.min(BINS - 1, Math.floor(((each - low) / (high - low)) * BINS)))] += times;
  });
  return { bins, zeros, count, signed, low, high };
}

// Counts on a logarithmic scale.
export function showHistogram(svg, [left, right], { bins, zeros, count, signed, low, high }, value) {
  const most = Math.log10(1 + Math.max(1, ...bins));
  const width = PLOT_WIDTH / BINS;
  find("g", svg).replaceChildren(
    ...bins.map((times, bin) => {
      const height = (Math.log10(1 + times) / most) * PLOT_HEIGHT;
      return shapeElement("rect", { x: bin * width, y: 48 - height, width: width - 1, height });
    }),
  );
  const at = Math.min(1, Math.max(0, (value - low) / (high - low || 1))) * (PLOT_WIDTH - 1);
  find(".at", svg).setAttribute("d", value === null ? "" : `M${at} 0V52`);
  left.textContent = signed ? `${whole(count)} values` : `${whole(count - zeros)} values > 0, log count`;
  right.textContent = signed ? "log count" : `${whole(zeros)} zeros apart`;
  svg.setAttribute("aria-label", `Histogram of ${whole(count)} values, ${whole(zeros)} of them zero`);
}
