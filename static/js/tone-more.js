// The rarer ways from bytes to colours: clipped at a percentile, bent by gamma, between fixed ends. Pure arithmetic.

import { rangeOf } from "./tone.js";

// From the middle of a diverging scale, or from the start of a sequential one: share of the range to the power gamma.
export function bendOf(middle, gamma) {
  const span = 255 - middle;
  return (level) => {
    const share = Math.min(1, Math.abs(level - middle) / span);
    return level < middle && middle === 0 ? 0 : middle + Math.sign(level - middle) * span * share ** gamma;
  };
}

export function fixedShade({ signed, full }, k, table, { low, high }) {
  const scale = 255 / (high - low);
  return { packed: table.packed, centre: signed ? 128 : 0, offset: -low * scale, middle: 0, factor: (full[k] / (signed ? 127 : 255)) * scale };
}

// The share of the range at which `clip` percent of the values other than zero are reached, of one map or of all.
export function clippedShare(layer, clip, k) {
  layer.clips ??= new Map();
  const key = `${clip}:${k}`;
  if (!layer.clips.has(key)) layer.clips.set(key, percentileShare(magnitudes(layer, k), clip));
  return layer.clips.get(key);
}

function percentileShare(counts, clip) {
  let left = (counts.reduce((sum, count) => sum + count, 0) * clip) / 100;
  if (left === 0) return 1;
  for (let bin = 1; bin < counts.length; bin++) {
    left -= counts[bin];
    if (left <= 1e-9) return bin / (counts.length - 1);
  }
  return 1;
}

// How many values have each size, in 255ths of the map's or of the layer's range; zeros are left out.
function magnitudes(layer, only) {
  const bins = new Float64Array(256);
  const [first, last] = only === null ? [0, layer.maps - 1] : [only, only];
  const cells = layer.height * layer.width;
  for (let k = first; k <= last; k++) {
    const scale = only === null ? layer.full[k] / rangeOf(layer) : 1;
    for (let at = k * cells; at < (k + 1) * cells; at++) {
      const byte = layer.bytes[at];
      const size = layer.signed ? (Math.abs(byte - 128) * 255) / 127 : byte;
      if (size > 0) bins[Math.max(1, Math.round(size * scale))] += 1;
    }
  }
  return bins;
}
