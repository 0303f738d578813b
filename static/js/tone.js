// From a stored byte to an entry of the colour table: normalisation, clipping, zero. Pure arithmetic.

// How the maps of a layer are coloured: `shadeFor(k)`. Maps with the same factor share one shade and its colours.
export function shadesOf(layer, reference, table) {
  const shades = new Map();
  return (k) => {
    const shade = shadeOf(layer, k, reference(k), table);
    if (!shades.has(shade.factor)) shades.set(shade.factor, shade);
    return shades.get(shade.factor);
  };
}

// entry = floor(offset + (byte − centre) · factor + 0.5), clamped to 0…255.
export function shadeOf(layer, k, reference, table) {
  const scale = reference > 0 ? layer.full[k] / reference : 0;
  if (layer.signed) return { packed: table.packed, centre: 128, offset: 128, factor: scale };
  if (table.kind === "diverging") return { packed: table.packed, centre: 0, offset: 128, factor: (scale * 127) / 255 };
  return { packed: table.packed, centre: 0, offset: 0, factor: scale };
}

// The value at the end of the colour scale for every map of a layer: `references(k)`.
// A vector's values are maps of one cell: scaled each to itself they would all be full, so they share the layer's.
export function referencesOf(layer, norm, clip, networkRange) {
  if (norm === "network" && networkRange > 0) return () => networkRange;
  const scope = layer.height * layer.width === 1 ? "layer" : norm;
  if (scope === "map") return (k) => layer.full[k] * clippedShare(layer, clip, k);
  const whole = rangeOf(layer) * clippedShare(layer, clip, null);
  return () => whole;
}

export function rangeOf(layer) {
  layer.range ??= layer.full.reduce((most, value) => Math.max(most, value), 0);
  return layer.range;
}

// The share of the range at which `clip` percent of the values other than zero are reached, of one map or of all.
function clippedShare(layer, clip, k) {
  if (clip >= 100) return 1;
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
