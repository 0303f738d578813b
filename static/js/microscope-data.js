// What the microscope asks of the service, and how layers hang together. Knows no DOM.

import { fetchBuffer, fetchJson, layerPath, runPath, unitPath as apiUnitPath } from "./api.js";
import { parseNpy } from "./quantised.js";

const ACTIVATIONS = new Set([
  "relu", "relu6", "leakyrelu", "prelu", "elu", "selu", "sigmoid", "tanh", "silu", "gelu", "hardsigmoid", "hardswish", "softplus",
]);
const POINTWISE = new Set([...ACTIVATIONS, "batchnorm", "scale", "dropout"]);
const WEIGHTED = new Set(["conv", "local", "linear"]);

export const isActivation = (op) => ACTIVATIONS.has(op);
/** Whether a unit is shown as patch × kernel: a weighted layer, or a mean, whose weights are all one share. */
export const hasKernel = (unit) => Boolean(unit.kernel) && (WEIGHTED.has(unit.op) || unit.op.endsWith("avgpool"));
export const isWeighted = (op) => WEIGHTED.has(op);

export function unitPath(run, { layer, channel, y, x }) {
  return apiUnitPath(run, layer, [channel, y, x], layerOf(run, layer).shape.length === 1);
}

export const photoPath = (run) => `${runPath(run)}/input?format=png`;

/** The unit's JSON; numbers that JSON cannot hold arrive as null and become NaN. */
export async function fetchUnit(run, at, signal) {
  const unit = await fetchJson(unitPath(run, at), { signal });
  for (const name of ["patch", "kernel", "by_channel"]) if (unit[name]) unit[name] = withoutNull(unit[name]);
  for (const name of ["value", "total"]) unit[name] ??= NaN;
  return unit;
}

function withoutNull(values) {
  return values.map((value) => (Array.isArray(value) ? withoutNull(value) : (value ?? NaN)));
}

/** One map as rows of float32 values, exactly as the layer holds them. */
export async function fetchMap(run, layer, channel, signal) {
  const input = layer === "input";
  const path = input ? `${runPath(run)}/input?format=npy` : layerPath(run, layer, `format=npy&map=${channel}`);
  const values = parseNpy(await fetchBuffer(path, { signal }));
  const [height, width] = layerOf(run, layer).shape.slice(-2);
  const start = input ? channel * height * width : 0;
  return Array.from({ length: height }, (_, y) => values.subarray(start + y * width, start + (y + 1) * width));
}

export function layerOf(run, name) {
  if (name === "input") return { name, op: "input", shape: run.input.shape, signed: true, from: [] };
  return run.layers.find((layer) => layer.name === name);
}

/** Where the values of a layer come from: the names of its inputs. */
export function inputsOf(run, layer) {
  const index = run.layers.findIndex((other) => other.name === layer.name);
  const from = layer.from ?? (index > 0 ? run.layers[index - 1].name : "input");
  return Array.isArray(from) ? from : [from];
}

/**
 * The layers that are explained as one: a weighted layer and the pointwise ones after it, up to `name`;
 * and the activation that follows `name`, where `name` is what it takes.
 */
export function chainOf(run, name) {
  const path = [layerOf(run, name)];
  while (POINTWISE.has(path[0].op) && inputsOf(run, path[0])[0] !== "input") path.unshift(layerOf(run, inputsOf(run, path[0])[0]));
  const merged = isWeighted(path[0].op);
  const chain = merged ? path : path.slice(-1);
  const next = run.layers[run.layers.findIndex((layer) => layer.name === name) + 1];
  const follows = merged && next && ACTIVATIONS.has(next.op) && inputsOf(run, next)[0] === name;
  return { head: chain[0], stages: chain.slice(1), after: follows && !ACTIVATIONS.has(chain.at(-1).op) ? next : null };
}

/** The units of a chain at one place, all fetched at once. */
export async function fetchChain(run, at, signal) {
  const chain = chainOf(run, at.layer);
  const layers = [chain.head, ...chain.stages, ...(chain.after ? [chain.after] : [])];
  const units = await Promise.all(layers.map((layer) => fetchUnit(run, { ...at, layer: layer.name }, signal)));
  const stages = units.slice(1, 1 + chain.stages.length);
  return { head: units[0], stages, after: chain.after ? units.at(-1) : null, subject: stages.at(-1) ?? units[0] };
}

/** The number that cell (y, x) of channel `c` of a unit's patch came from; null in padding. */
export function sourceOf(run, unit, c, y, x) {
  if (unit.inside && !unit.inside[y][x]) return null;
  const { layer, channel } = sourceChannel(unit, c);
  const shape = layerOf(run, layer).shape;
  if (shape.length === 1) {
    const [rows, columns] = [unit.patch[0].length, unit.patch[0][0].length];
    return { layer, channel: unit.inputs[0].channels[0] + (c * rows + y) * columns + x, y: 0, x: 0 };
  }
  const { top, left, dilation } = unit.window ?? { top: unit.y, left: unit.x, dilation: [1, 1] };
  return { layer, channel, y: top + y * dilation[0], x: left + x * dilation[1] };
}

/** What picking a cell of channel `c` does: explain the number that it came from, if it came from one. */
export const picker = (unit, c, env) => (y, x) => {
  const at = sourceOf(env.run, unit, c, y, x);
  if (at) env.explain(at);
};

/** The layer and channel that channel `c` of a unit's patch was taken from. */
export function sourceChannel(unit, c) {
  let before = 0;
  for (const { layer, channels } of unit.inputs) {
    const size = channels[1] - channels[0] + 1;
    if (c < before + size) return { layer, channel: channels[0] + c - before };
    before += size;
  }
  return { layer: unit.inputs[0].layer, channel: c };
}
