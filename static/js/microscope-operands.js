// What a number without a kernel was made of: its inputs, the formula, and a way to each number it came from.

import { WIDEST_CELL, attributes, block, element } from "./microscope-cells.js";
import { layerOf, picker, sourceChannel, sourceOf } from "./microscope-data.js";
import { count, fixed } from "./microscope-numbers.js";
import { scaleFor, thumbnail } from "./microscope-pictures.js";

const MOST_SHOWN = 24;
const MOST_BUTTONS = 8;
const WIDEST_WINDOW = 280;

/** The inputs of a layer without a kernel: pooling, functions, normalisation, merges. Same form as `equation`. */
export function operands(unit, env) {
  const node = element("div", "ms-plain");
  if (unit.shares?.length || !unit.patch) {
    node.append(inputNumbers(unit, env));
    return { node, scales: [], summary: "" };
  }
  const scale = scaleFor(unit.patch.flat(2), unit.inputs[0].layer, env);
  const few = unit.patch.length <= MOST_SHOWN;
  const shown = few ? unit.patch.map((_, c) => c) : largestChannels(unit);
  const list = element("div", "ms-windows");
  for (const c of shown) list.append(windowOf(unit, c, scale, env));
  if (!few) list.prepend(element("p", "ms-hint", `The ${MOST_SHOWN} largest of ${count(unit.patch.length)} values.`));
  node.append(list, inputNumbers(unit, env));
  return { node, scales: [["Input", scale]], summary: "" };
}

function largestChannels(unit) {
  const size = (c) => Math.max(...unit.patch[c].flat().map(Math.abs));
  return unit.patch.map((_, c) => c).sort((a, b) => size(b) - size(a)).slice(0, MOST_SHOWN);
}

function windowOf(unit, c, scale, env) {
  const { layer, channel } = sourceChannel(unit, c);
  const shape = layerOf(env.run, layer).shape;
  const many = unit.patch.length > 1;
  const columns = unit.patch[c][0].length;
  const room = many ? 114 : Math.min(env.width - (env.phone ? 0 : 140), WIDEST_CELL * columns, WIDEST_WINDOW);
  const grid = block(unit.patch[c], {
    width: Math.max(room, 24),
    scale,
    inside: unit.inside,
    label: `${layer}, channel ${channel}`,
    pick: picker(unit, c, env),
    probe: true,
  });
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
  for (const [name, value] of Object.entries(unit.before ?? {})) {
    list.append(element("dt", "", name), element("dd", "", readable(value)));
  }
  if (list.children.length) box.append(list);
  if (unit.shares?.length) box.append(shareBars(unit, env));
  for (const at of origins(unit, env)) box.append(originButton(at, env));
  return box;
}

// The largest classes of a softmax, each with its share.
function shareBars(unit, env) {
  const heads = [element("span", "", "from"), element("span", "ms-right", "x"), element("span", "", "share"), element("span")];
  const list = element("div", "ms-shares", ...heads);
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
  if (unit.winner) return [{ ...sourceChannel(unit, 0), y: unit.winner.y, x: unit.winner.x }];
  if (!unit.patch || unit.patch.flat(2).length > MOST_BUTTONS) return [];
  const at = (c, y, x) => sourceOf(env.run, unit, c, y, x);
  return unit.patch.flatMap((rows, c) => rows.flatMap((row, y) => row.map((_, x) => at(c, y, x)))).filter(Boolean);
}

function originButton(at, env) {
  const place = layerOf(env.run, at.layer).shape.length === 1 ? "" : `, row ${at.y}, column ${at.x}`;
  const button = attributes(element("button", "btn", `Explain ${at.layer} : ${at.channel}${place}`), { type: "button" });
  button.addEventListener("click", () => env.explain(at));
  return button;
}
