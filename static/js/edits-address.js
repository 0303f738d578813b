// Edits as the address holds them, `conv4_2:7:x0;conv1_1:3:ksobel-x:k2=0,1,0:b0.5`, as docs/address.md says. Pure.

import { Problem } from "./api.js";

const NUMBER = "-?(?:\\d+\\.?\\d*|\\.\\d+)(?:e-?\\d+)?";
const EDIT = /^([\w.-]{1,64}):(\d{1,7})((?::[^:;]+)+)$/;
const CHANGE = new RegExp(`^(?:(x|b)(${NUMBER})|k(?:(\\d{1,7})=)?([a-z][a-z-]*|${NUMBER}(?:,${NUMBER})*))$`);

const at = ({ layer, channel }) => `${layer}:${channel}`;
const isEmpty = ({ scale, bias, kernel }) => scale === null && bias === null && kernel === null;

// Changes of a kernel: `all` its slices at once, or single ones by number; each is a filter's name or a slice's numbers.
const noKernel = () => ({ all: null, slices: new Map() });

/** The edits of an address: {layer, channel, scale, bias, kernel}, null where nothing changes. Throws a `Problem`. */
export function parseEdits(text) {
  return text ? text.split(";").map(parseEdit) : [];
}

function parseEdit(text) {
  const [, layer, channel, changes] = text.match(EDIT) ?? refuse(text);
  const edit = { layer, channel: Number(channel), scale: null, bias: null, kernel: null };
  for (const change of changes.slice(1).split(":")) {
    const [, field, number, slice, fill] = change.match(CHANGE) ?? refuse(text);
    if (field) edit[field === "x" ? "scale" : "bias"] = Number(number);
    else edit.kernel = filled(edit.kernel, slice === undefined ? null : Number(slice), /^[a-z]/.test(fill) ? fill : fill.split(",").map(Number));
  }
  return edit;
}

function refuse(text) {
  throw new Problem("An edit in the address cannot be read", { detail: `${text.slice(0, 60)}. One looks like conv1_1:3:x0.` });
}

export function writeEdits(edits) {
  return edits.map((edit) => [at(edit), ...changesOf(edit)].join(":")).join(";");
}

function changesOf({ scale, bias, kernel }) {
  const slices = kernel ? [...(kernel.all === null ? [] : [`k${kernel.all}`]), ...[...kernel.slices].map(([slice, fill]) => `k${slice}=${fill}`)] : [];
  return [...(scale === null ? [] : [`x${scale}`]), ...slices, ...(bias === null ? [] : [`b${bias}`])];
}

/** The kernel's changes with one more: `fill` for a slice, or for all of them where `slice` is null. */
export function filled(kernel, slice, fill) {
  if (slice === null) return { ...noKernel(), all: fill };
  const { all, slices } = kernel ?? noKernel();
  return { all, slices: new Map(slices).set(slice, fill) };
}

export const editOf = (edits, place) => edits.find((edit) => at(edit) === at(place)) ?? { ...place, scale: null, bias: null, kernel: null };

/** The edits with some fields of one place changed; what changes nothing is left out. */
export function withEdit(edits, place, changes) {
  const next = { ...editOf(edits, place), ...changes };
  if (next.scale === 1) next.scale = null;
  const known = edits.some((edit) => at(edit) === at(place));
  const all = known ? edits.map((edit) => (at(edit) === at(place) ? next : edit)) : [...edits, next];
  return all.filter((edit) => !isEmpty(edit));
}
