// The middle of the microscope: what a number was made of, patch × kernel = products channel by channel. Draws from the
// unit's JSON alone and asks for nothing but thumbnails.

import { Scale, WIDEST_CELL, block, element } from "./microscope-cells.js";
import { hasKernel, layerOf, picker, sourceChannel } from "./microscope-data.js";
import { linked } from "./microscope-link.js";
import { count, fixed } from "./microscope-numbers.js";
import { operands } from "./microscope-operands.js";
import { scaleFor, thumbnail } from "./microscope-pictures.js";
import { ranked, strip } from "./microscope-strip.js";
import { termsTable } from "./microscope-table.js";
import { channelName } from "./microscope-words.js";

const ALL_OPEN = 4;
const MOST_OPEN = 24;
const NARROWEST = 104;
const BESIDE_BLOCKS = 348; // names 104, signs 3×20, sums 128, gaps 7×8
const PLACES = ["largest sum", "2nd", "3rd"];

/** The equation of a unit: `node` to show, `scales` as [name, Scale] to write out, `summary` of what is open. */
export function equation(unit, env) {
  return hasKernel(unit) ? weighted(unit, env) : operands(unit, env);
}

/** Channels shown at first: all of a few, else the three largest sums and the most negative. */
export function firstOpened(unit) {
  if (!unit.by_channel) return new Set();
  const order = ranked(unit.by_channel).map(({ channel }) => channel);
  return new Set(order.length <= ALL_OPEN ? order : [...order.slice(0, 3), order.at(-1)]);
}

function weighted(unit, env) {
  if (env.table) return { node: termsTable(unit, env), scales: [], summary: "" };
  const few = unit.patch.length <= ALL_OPEN;
  const order = few ? unit.patch.map((_, c) => c) : ranked(unit.by_channel).map(({ channel }) => channel);
  const shown = order.filter((c) => env.opened.has(c)).slice(0, MOST_OPEN).map((c) => channelTerms(unit, c));
  const columns = columnsOf(unit, shown, env);
  const node = few ? roomy(unit, shown, columns, env) : dense(unit, shown, columns, env);
  const summary = few ? "" : `${count(shown.length)} of ${count(unit.patch.length)} channels open`;
  return { node, scales: Object.entries(columns).map(([name, { scale }]) => [name, scale]), summary };
}

function channelTerms(unit, c) {
  const [patch, kernel] = [unit.patch[c], unit.kernel[c]];
  const products = patch.map((row, y) => row.map((value, x) => value * kernel[y][x]));
  return { c, patch, kernel, products, sum: unit.by_channel[c] };
}

// The three columns of what is shown: all their values, and the one scale of each.
function columnsOf(unit, shown, env) {
  const values = (part) => shown.flatMap((terms) => terms[part].flat());
  const [patch, kernel, products] = ["patch", "kernel", "products"].map(values);
  return {
    Patch: { values: patch, scale: scaleFor(patch, unit.inputs[0].layer, env) },
    Kernel: { values: kernel, scale: new Scale(kernel, true, env.luts.signed) },
    Products: { values: products, scale: new Scale(products, true, env.luts.signed) },
  };
}

// Patch × kernel = products of one channel, three blocks and the signs between them.
function triple(unit, terms, columns, env, width) {
  const name = channelName(unit, env, terms.c);
  const part = (title, values, more) =>
    block(values, { width, label: `${title}, ${name}`, scale: columns[title].scale, column: columns[title].values, ...more });
  const reaching = { inside: unit.inside, pick: picker(unit, terms.c, env) };
  return [
    part("Patch", terms.patch, { ...reaching, probe: true }),
    element("span", "ms-sign", "×"),
    part("Kernel", terms.kernel),
    element("span", "ms-sign", "="),
    part("Products", terms.products, reaching),
  ];
}

const phoneThird = ({ width }) => Math.floor((width - 40) / 3);

function roomy(unit, shown, columns, env) {
  const room = env.phone ? phoneThird(env) : Math.max(72, Math.min(196, Math.floor((env.width - BESIDE_BLOCKS) / 3)));
  const width = Math.min(room, Math.max(NARROWEST, WIDEST_CELL * unit.patch[0][0].length));
  const node = element("div", "ms-roomy");
  node.style.setProperty("--ms-block-w", `${width}px`);
  node.append(columnHeads(unit, env));
  const largest = Math.max(...shown.map(({ sum }) => Math.abs(sum)), Number.MIN_VALUE);
  for (const terms of shown) {
    const row = element("div", "ms-row ms-terms", channelLabel(unit, terms.c, env), ...triple(unit, terms, columns, env, width));
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
  const heads = [head("Patch", source === "input" ? inputWords(env) : source), head("Kernel", kernelWords(unit)), head("Products", "cell by cell")];
  const row = element("div", "ms-row ms-heads", element("span"), ...heads.flatMap((each) => [each, element("span")]));
  row.append(head("Channel sums", ""));
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

function dense(unit, shown, columns, env) {
  const kernelWidth = unit.patch[0][0].length;
  const width = env.phone ? phoneThird(env) : kernelWidth <= 3 ? 114 : 188;
  const node = element("div", kernelWidth > 3 ? "ms-dense ms-wide" : "ms-dense");
  node.style.setProperty("--ms-block-w", `${width}px`);
  const bars = strip(unit.by_channel, {
    opened: env.opened,
    focused: env.focused,
    toggle: env.toggle,
    width: env.width,
    name: (c) => channelName(unit, env, c),
    noun: unit.patch[0].length * kernelWidth === 1 ? "products" : "channel sums",
  });
  const order = ranked(unit.by_channel).map(({ channel }) => channel);
  const list = element("div", "ms-channels");
  for (const terms of shown) {
    list.append(denseChannel(unit, terms, columns, env, { width, rank: order.indexOf(terms.c), of: order.length }));
  }
  node.append(bars, legend(columns), list, linked(list, unit, env));
  return node;
}

function legend(columns) {
  const scales = Object.entries(columns).map(([name, { scale }]) => element("span", "", `${name.toLowerCase()} ${scale.text()}`));
  return element("div", "ms-opened", element("b", "", "Opened channels"), ...scales, element("span", "ms-hint", "one scale for all opened channels"));
}

function denseChannel(unit, terms, columns, env, { width, rank, of }) {
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
  const row = element("div", "ms-channel ms-terms", label, ...triple(unit, terms, columns, env, width), foot);
  row.dataset.channel = terms.c;
  return row;
}

