// How a whole layer's values are spread, from the bytes that the browser has. Knows no page.

import { countsOf } from "./figure.js";
import { rangeOf } from "./tone.js";

// Each of a map's 256 bytes is one value with its number: a layer of millions of cells is maps × 256 of them.
export function layerCounts(layer) {
  layer.counts ??= count(layer);
  return layer.counts;
}

function count(layer) {
  const { maps, height, width, bytes, full, signed } = layer;
  const times = new Uint32Array(maps * 256);
  const cells = height * width;
  for (let k = 0; k < maps; k++) {
    for (let at = k * cells; at < (k + 1) * cells; at++) times[k * 256 + bytes[at]] += 1;
  }
  const valueOf = (index) => {
    const [k, byte] = [index >> 8, index & 255];
    return signed ? ((byte - 128) / 127) * full[k] : (byte / 255) * full[k];
  };
  const values = Array.from(times, (_, index) => valueOf(index));
  const most = rangeOf(layer);
  return countsOf(values, signed, signed ? -most : 0, most, (index) => times[index]);
}
