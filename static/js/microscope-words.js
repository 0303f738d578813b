// How the microscope names things: the kind of a number, and the channels it was made of. Knows no DOM.

import { isWeighted, layerOf, sourceChannel } from "./microscope-data.js";
import { count } from "./microscope-numbers.js";

const COLOURS = ["Red", "Green", "Blue"];
const windowWords = ({ window, inputs: [{ layer, channels }] }) => `a ${window.height}×${window.width} window on ${layer} : ${channels[0]}`;
const namesOf = (inputs) => inputs.map(({ layer }) => layer).join(" and ");
const merged = (what) => ({ inputs }) => `${what} of the numbers at this place in ${namesOf(inputs)}.`;
const SENTENCES = {
  maxpool: (unit) => `The largest of ${count(unit.terms)} values under ${windowWords(unit)}.`,
  globalmaxpool: (unit) => `The largest of all ${count(unit.terms)} values of ${unit.inputs[0].layer} : ${unit.channel}.`,
  avgpool: (unit) => `The mean of ${count(unit.terms)} values under ${windowWords(unit)}.`,
  globalavgpool: (unit) => `The mean of all ${count(unit.terms)} values of ${unit.inputs[0].layer} : ${unit.channel}.`,
  batchnorm: ({ inputs }) => `One number of ${inputs[0].layer}, normalised by the statistics of its channel.`,
  scale: ({ inputs }) => `One number of ${inputs[0].layer} times a factor, plus an offset.`,
  lrn: ({ inputs }) => `One number of ${inputs[0].layer}, divided by the strength of its neighbouring channels.`,
  softmax: ({ terms }) => `This value's share of all ${count(terms)}, after the exponential.`,
  add: merged("The sum"),
  mul: merged("The product"),
  concat: ({ inputs }) => `Taken unchanged from ${inputs[0].layer}; the inputs stand one behind the other.`,
  flatten: ({ inputs }) => `Taken unchanged from ${inputs[0].layer}; the maps are read row by row.`,
  pad: ({ inputs, terms }) => (terms ? `Taken unchanged from ${inputs[0].layer}.` : "In the border that padding adds."),
};

/** What kind of number this is, in one sentence. */
export function sentence(unit) {
  if (!isWeighted(unit.op)) return SENTENCES[unit.op]?.(unit) ?? `A function of one number of ${unit.inputs[0].layer}.`;
  const shape = `${unit.patch.length}×${unit.patch[0].length}×${unit.patch[0][0].length}`;
  const source = unit.inputs[0].layer === "input" ? "the photo" : unit.inputs[0].layer;
  if (unit.op === "linear") return `One number is the dot product of a row of W with the ${count(unit.terms)} values of ${source}, plus a bias.`;
  return `One number is the dot product of a ${shape} kernel with a ${shape} patch of ${source}, plus a bias.`;
}

/** What channel `c` of a unit's patch is called. */
export function channelName(unit, env, c) {
  const { layer, channel } = sourceChannel(unit, c);
  if (layer === "input" && env.photo) return COLOURS[channel];
  return layerOf(env.run, layer).shape.length === 1 ? `value ${channel}` : `channel ${channel}`;
}
