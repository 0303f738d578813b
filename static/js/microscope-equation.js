// The middle of the microscope: what a number was made of. Weighted layers as patch × kernel = products, others as
// their inputs and formula. Draws from the unit's JSON alone and asks for nothing but thumbnails.

import { Scale, WIDEST_CELL, attributes, block, element, paint, reduced } from "./microscope-cells.js";
import { hasKernel, layerOf, sourceChannel, sourceOf } from "./microscope-data.js";
import { count, fixed } from "./microscope-numbers.js";
import { ranked, strip } from "./microscope-strip.js";
import { termsTable } from "./microscope-table.js";

const ALL_OPEN = 4;
const MOST_OPEN = 24;
const THUMBNAIL = 56;
const NARROWEST = 104;
const WIDEST_WINDOW = 280;
const COLOURS = ["Red", "Green", "Blue"];
const PLACES = ["largest sum", "2nd", "3rd"];

/** The equation of a unit: `node` to show, `scales` to write out, `summary` of what is open. */
export function equation(unit, env) {
  if (hasKernel(unit)) return weighted(unit, env);
  return unit.patch ? window_(unit, env) : { node: element("div", "ms-plain", inputNumbers(unit, env)), scales: [], summary: "" };
}

/** Channels shown at first: all of a few, else the three largest sums and the most negative. */
export function firstOpened(unit) {
  if (!unit.by_channel) return new Set();
  const order = ranked(unit.by_channel).map(({ channel }) => channel);
  return new Set(order.length <= ALL_OPEN ? order : [...order.slice(0, 3), order.at(-1)]);
}

export function channelName(unit, env, c) {
  const { layer, channel } = sourceChannel(unit, c);
  if (layer === "input" && env.photo) return COLOURS[channel];
  return layerOf(env.run, layer).shape.length === 1 ? `value ${channel}` : `channel ${channel}`;
}

function weighted(unit, env) {
  if (env.table) return { node: termsTable(unit, env, channelName), scales: [], summary: "" };
  const few = unit.patch.length <= ALL_OPEN;
  const opened = [...env.opened].filter((c) => c < unit.patch.length);
  const order = few ? opened.sort((a, b) => a - b) : ranked(unit.by_channel).map(({ channel }) => channel).filter((c) => env.opened.has(c));
  const shown = order.slice(0, MOST_OPEN).map((c) => channelTerms(unit, c));
  const scales = scalesOf(unit, shown, env);
  const node = few ? roomy(unit, shown, scales, env) : dense(unit, shown, scales, env);
  const summary = few ? "" : `${count(shown.length)} of ${count(unit.patch.length)} channels open`;
  return { node, scales: Object.entries(scales), summary };
}

function channelTerms(unit, c) {
  const patch = unit.patch[c];
  const kernel = unit.kernel[c];
  return { c, patch, kernel, products: patch.map((row, y) => row.map((value, x) => value * kernel[y][x])), sum: unit.by_channel[c] };
}

function scalesOf(unit, shown, env) {
  const signed = layerOf(env.run, unit.inputs[0].layer).signed;
  const all = (part) => shown.flatMap((terms) => terms[part].flat());
  return {
    Patch: new Scale(all("patch"), signed, signed ? env.luts.signed : env.luts.sequential),
    Kernel: new Scale(all("kernel"), true, env.luts.signed),
    Products: new Scale(all("products"), true, env.luts.signed),
  };
}

// Patch × kernel = products of one channel, three blocks and the signs between them.
function triple(unit, terms, scales, env, width) {
  const name = channelName(unit, env, terms.c);
  const shown = (part) => [...env.opened].map((c) => channelTerms(unit, c)[part].flat()).flat();
  const pick = (y, x) => {
    const at = sourceOf(env.run, unit, terms.c, y, x);
    if (at) env.explain(at);
  };
  const common = { width, inside: unit.inside };
  return [
    block(terms.patch, { ...common, scale: scales.Patch, label: `Patch, ${name}`, pick, probe: true, column: shown("patch") }),
    element("span", "ms-sign", "×"),
    block(terms.kernel, { width, scale: scales.Kernel, label: `Kernel, ${name}`, column: shown("kernel") }),
    element("span", "ms-sign", "="),
    block(terms.products, { ...common, scale: scales.Products, label: `Products, ${name}`, pick, column: shown("products") }),
  ];
}

function roomy(unit, shown, scales, env) {
  const room = env.phone ? Math.floor((env.width - 40) / 3) : Math.max(72, Math.min(196, Math.floor((env.width - 348) / 3)));
  const width = Math.min(room, Math.max(NARROWEST, WIDEST_CELL * unit.patch[0][0].length));
  const node = element("div", "ms-roomy");
  node.style.setProperty("--ms-block-w", `${width}px`);
  node.append(columnHeads(unit, env));
  const largest = Math.max(...shown.map(({ sum }) => Math.abs(sum)), Number.MIN_VALUE);
  for (const terms of shown) {
    const row = element("div", "ms-row ms-terms", channelLabel(unit, terms.c, env), ...triple(unit, terms, scales, env, width));
    row.dataset.channel = terms.c;
    row.append(element("span", "ms-sign ms-sigma", "Σ"), sumBar(terms.sum, largest));
    node.append(row);
  }
  node.append(linked(node, unit, env));
  return node;
}

function columnHeads(unit, env) {
  const head = (title, words) => element("div", "ms-head", element("b", "", title), words);
  const source = unit.inputs[0].layer;
  const from = source === "input" ? inputWords(env) : source;
  const row = element("div", "ms-row ms-heads", element("span"));
    row.append(head("Patch", from), element("span"), head("Kernel", kernelWords(unit)), element("span"), head("Products", "cell by cell"), element("span"), head("Channel sums", ""));
  return row;
}

function kernelWords({ op, channel }) {
  const words = { conv: `${channel}, not flipped`, local: "of this place alone", linear: `row ${channel} of W` };
  return words[op] ?? "one share each";
}

// What was done to the photo before the first layer.
function inputWords({ photo, preprocessing }) {
  if (!photo) return "the input";
  return preprocessing.scale.every((factor) => factor === 1) ? "photo minus the mean" : "(photo − mean) × scale";
}

function channelLabel(unit, c, env) {
  const name = channelName(unit, env, c);
  const { layer, channel } = sourceChannel(unit, c);
  const label = element("div", "ms-label", element("b", "", name));
  if (!name.endsWith(String(channel))) label.append(element("span", "ms-small", `channel ${channel}`));
  if (layer === "input" && env.photo) label.append(element("span", "ms-small", `mean ${fixed(env.preprocessing.mean[channel], 3)}`));
  return label;
}

const tone = (value) => (value < 0 ? "ms-negative" : "ms-positive");

function sumBar(sum, largest) {
  const bar = element("span", `ms-bar ${tone(sum)}`);
  bar.style.setProperty("--ms-share", String(Math.abs(sum) / largest));
  return element("div", "ms-sum", element("span", `ms-strong ${tone(sum)}`, fixed(sum)), bar);
}

function dense(unit, shown, scales, env) {
  const vector = unit.patch[0].length * unit.patch[0][0].length === 1;
  const node = element("div", "ms-dense");
  const bars = strip(unit.by_channel, {
    opened: env.opened,
    focused: env.focused,
    toggle: env.toggle,
    width: env.width,
    name: (c) => channelName(unit, env, c),
    noun: vector ? "products" : "channel sums",
  });
  const scale = (name) => `${name.toLowerCase()} ${scales[name].text()}`;
  const legend = element("div", "ms-opened", element("b", "", "Opened channels"), ...Object.keys(scales).map((name) => element("span", "", scale(name))));
  legend.append(element("span", "ms-hint", "one scale for all opened channels"));
  const list = element("div", "ms-channels");
  const columns = unit.patch[0][0].length;
  const width = env.phone ? Math.floor((env.width - 40) / 3) : columns <= 3 ? 114 : 188;
  node.style.setProperty("--ms-block-w", `${width}px`);
  node.classList.toggle("ms-wide", columns > 3);
  const order = ranked(unit.by_channel).map(({ channel }) => channel);
  for (const terms of shown) list.append(denseChannel(unit, terms, scales, env, { width, rank: order.indexOf(terms.c), of: order.length }));
  node.append(bars, legend, list);
  node.append(linked(list, unit, env));
  return node;
}

/** Outline cell (y, x) of one row in patch, kernel and products, and no other cell of `rows`. */
export function light(rows, row, y, x) {
  for (const cell of rows.querySelectorAll(".ms-linked")) cell.classList.remove("ms-linked");
  for (const cell of row?.querySelectorAll(`[data-y="${y}"][data-x="${x}"]`) ?? []) cell.classList.add("ms-linked");
}

// The cell under the pointer is outlined, and the line below says what its numbers make.
function linked(rows, unit, env) {
  const line = element("p", "ms-readout");
  const mark = (on) => {
    const row = on?.closest(".ms-terms");
    const { y, x } = on?.dataset ?? {};
    light(rows, row, y, x);
    line.textContent = !row ? "" : termWords(unit, env, Number(row.dataset.channel), Number(y), Number(x));
  };
  for (const kind of ["pointerover", "focusin"]) rows.addEventListener(kind, (event) => mark(event.target.closest(".ms-cell")));
  rows.addEventListener("pointerleave", () => mark(null));
  return line;
}

function termWords(unit, env, c, y, x) {
  const at = sourceOf(env.run, unit, c, y, x);
  const value = unit.patch[c][y][x];
  const weight = unit.kernel[c][y][x];
  const sum = `${fixed(value)} × ${fixed(weight)} = ${fixed(value * weight)}`;
  if (!at) return `${channelName(unit, env, c)}, in the padding: ${sum}`;
  return `${channelName(unit, env, c)} of ${at.layer}, row ${at.y}, column ${at.x}: ${sum}. Pick it to see where it comes from.`;
}

function denseChannel(unit, terms, scales, env, { width, rank, of }) {
  const { layer, channel } = sourceChannel(unit, terms.c);
  const vector = layerOf(env.run, layer).shape.length === 1;
  const label = element("div", "ms-label", element("b", "", String(channel)));
  if (!vector) label.append(thumbnail(unit, layer, channel, env));
  const place = rank === of - 1 && terms.sum < 0 ? "most negative" : (PLACES[rank] ?? `rank ${count(rank + 1)}`);
  const foot = element(
    "div",
    "ms-channel-foot",
    element("span", "", place),
    element("span", "", "Σ ", element("b", tone(terms.sum), fixed(terms.sum))),
  );
  const row = element("div", "ms-channel ms-terms", label, ...triple(unit, terms, scales, env, width), foot);
  row.dataset.channel = terms.c;
  return row;
}

/** A map at 56 px with the window's outline; filled when the map arrives. */
export function thumbnail(unit, layer, channel, env) {
  const box = element("div", "ms-thumb");
  const [height, width] = layerOf(env.run, layer).shape.slice(-2);
  env.map(layer, channel).then((rows) => box.prepend(mapCanvas(rows, layer, channel, env, THUMBNAIL)), () => {});
  box.append(windowMark(unit, height, width, THUMBNAIL / Math.max(height, width)));
  return box;
}

/** One map in at most `side` pixels by whole factors, in the colours of its kind. */
export function mapCanvas(rows, layer, channel, env, side) {
  const longest = Math.max(rows.length, rows[0].length);
  const signed = layerOf(env.run, layer).signed;
  const drawn = reduced(rows, Math.max(1, Math.ceil(longest / side)));
  const scale = new Scale(drawn.flatMap((row) => [...row]), signed, signed ? env.luts.signed : env.luts.sequential);
  const canvas = paint(drawn, scale, Math.min(WIDEST_CELL, Math.max(1, Math.floor(side / longest))));
  return attributes(canvas, { role: "img", "aria-label": `${layer} map ${channel}` });
}

/** The outline of a unit's window on a map of height×width cells, `factor` pixels each. */
export function windowMark(unit, height, width, factor) {
  const mark = element("span", "ms-mark");
  const { top, left, height: tall, width: wide } = unit.window ?? { top: unit.y, left: unit.x, height: 1, width: 1 };
  const bottom = Math.min(height, top + tall);
  const right = Math.min(width, left + wide);
  const place = { left: Math.max(0, left), top: Math.max(0, top) };
  mark.style.left = `${place.left * factor}px`;
  mark.style.top = `${place.top * factor}px`;
  mark.style.width = `${Math.max(1, right - place.left) * factor}px`;
  mark.style.height = `${Math.max(1, bottom - place.top) * factor}px`;
  return mark;
}

// A window without a kernel: pooling, normalisation over channels, sums of branches.
function window_(unit, env) {
  const signed = layerOf(env.run, unit.inputs[0].layer).signed;
  const scale = new Scale(unit.patch.flat(2), signed, signed ? env.luts.signed : env.luts.sequential);
  const node = element("div", "ms-plain");
  if (unit.shares?.length) return { node: element("div", "ms-plain", inputNumbers(unit, env)), scales: [], summary: "" };
  const few = unit.patch.length <= MOST_OPEN;
  const shown = few ? unit.patch.map((_, c) => c) : largestChannels(unit);
  const list = element("div", "ms-windows");
  for (const c of shown) list.append(windowOf(unit, c, scale, env));
  if (!few) list.prepend(element("p", "ms-hint", `The ${MOST_OPEN} largest of ${count(unit.patch.length)} values.`));
  node.append(list, inputNumbers(unit, env));
  return { node, scales: [["Input", scale]], summary: "" };
}

function largestChannels(unit) {
  const size = (c) => Math.max(...unit.patch[c].flat().map(Math.abs));
  return unit.patch.map((_, c) => c).sort((a, b) => size(b) - size(a)).slice(0, MOST_OPEN);
}

function windowOf(unit, c, scale, env) {
  const { layer, channel } = sourceChannel(unit, c);
  const shape = layerOf(env.run, layer).shape;
  const pick = (y, x) => {
    const at = sourceOf(env.run, unit, c, y, x);
    if (at) env.explain(at);
  };
  const many = unit.patch.length > 1;
  const columns = unit.patch[c][0].length;
  const room = many ? 114 : Math.min(env.width - (env.phone ? 0 : 140), WIDEST_CELL * columns, WIDEST_WINDOW);
  const grid = block(unit.patch[c], { width: Math.max(room, 24), scale, inside: unit.inside, label: `${layer}, channel ${channel}`, pick, probe: true });
  markWinner(unit, c, grid);
  const label = element("div", "ms-label", element("b", "", many ? `${layer} : ${channel}` : layer), element("span", "ms-small", `channel ${channel}`));
  if (shape.length === 3 && !many) label.append(thumbnail(unit, layer, channel, env));
  return element("div", "ms-window", label, grid);
}

function markWinner(unit, c, grid) {
  if (!unit.winner || !unit.window) return;
  const { top, left, dilation } = unit.window;
  const y = (unit.winner.y - top) / dilation[0];
  const x = (unit.winner.x - left) / dilation[1];
  grid.querySelector(`.ms-cell[data-y="${y}"][data-x="${x}"]`)?.classList.add("ms-winner");
}

// The numbers that the formula names, and a way to each number that they came from.
function inputNumbers(unit, env) {
  const box = element("div", "ms-numbers", element("code", "ms-formula", unit.formula));
  const list = element("dl", "ms-named");
  for (const [name, value] of Object.entries(unit.before ?? {})) list.append(element("dt", "", name), element("dd", "", readable(value)));
  if (list.children.length) box.append(list);
  if (unit.shares?.length) box.append(shareBars(unit, env));
  for (const at of origins(unit, env)) box.append(originButton(at, env));
  return box;
}

// The largest classes of a softmax, each with its share.
function shareBars(unit, env) {
  const list = element("div", "ms-shares", element("span", "", "from"), element("span", "ms-right", "x"), element("span", "", "share"), element("span"));
  const [{ layer }] = unit.inputs;
  for (const { channel, x, share } of unit.shares) {
    const bar = element("span", "ms-bar");
    bar.style.setProperty("--ms-share", String(share));
    const tone = channel === unit.channel ? "ms-strong" : "";
    const name = attributes(element("button", `ms-link ${tone}`, `${layer} : ${channel}`), { type: "button" });
    name.addEventListener("click", () => env.explain({ layer, channel, y: unit.y, x: unit.x }));
    list.append(name, element("span", `ms-right ${tone}`, fixed(x)), bar, element("span", `ms-right ${tone}`, fixed(share)));
  }
  return list;
}

const readable = (value) => fixed(value ?? NaN, value !== null && Math.abs(value) < 0.1 ? 6 : 4);

function origins(unit, env) {
  if (unit.winner) return [{ layer: unit.inputs[0].layer, channel: sourceChannel(unit, 0).channel, y: unit.winner.y, x: unit.winner.x }];
  if (!unit.patch || unit.patch.flat(2).length > 8) return [];
  const places = unit.patch.flatMap((rows, c) => rows.flatMap((row, y) => row.map((_, x) => sourceOf(env.run, unit, c, y, x))));
  return places.filter(Boolean);
}

function originButton(at, env) {
  const place = layerOf(env.run, at.layer).shape.length === 1 ? "" : `, row ${at.y}, column ${at.x}`;
  const button = attributes(element("button", "btn", `Explain ${at.layer} : ${at.channel}${place}`), { type: "button" });
  button.addEventListener("click", () => env.explain(at));
  return button;
}
