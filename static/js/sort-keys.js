// What else maps can be sorted by, from the bytes that the browser has: one number a map, the largest stands first. Pure.

const centreOf = ({ signed }) => (signed ? 128 : 0);

// `fold` takes every byte's distance from zero, in bytes of its map's range; one result a map.
function eachMap(layer, fold) {
  const [cells, centre] = [layer.height * layer.width, centreOf(layer)];
  return Array.from({ length: layer.maps }, (_, k) => {
    let result = 0;
    for (let at = k * cells; at < (k + 1) * cells; at++) result += fold(layer.bytes[at] - centre);
    return result;
  });
}

export const SORT_KEYS = {
  mean: (layer) => eachMap(layer, (byte) => byte).map((sum, k) => sum * layer.full[k]),
  // The length of the map as a vector.
  norm: (layer) => eachMap(layer, (byte) => byte ** 2).map((sum, k) => Math.sqrt(sum) * layer.full[k]),
  active: (layer) => eachMap(layer, (byte) => Number(byte !== 0)),
  zeros: (layer) => eachMap(layer, (byte) => Number(byte === 0)),
  variance(layer) {
    const cells = layer.height * layer.width;
    const sums = eachMap(layer, (byte) => byte);
    return eachMap(layer, (byte) => byte ** 2).map((square, k) => (square / cells - (sums[k] / cells) ** 2) * layer.full[k] ** 2);
  },
  // The cosine between a map and the chosen one; of a dead map −2, below all others.
  like(layer, chosen) {
    const cells = layer.height * layer.width;
    const centre = centreOf(layer);
    const lengths = eachMap(layer, (byte) => byte ** 2).map(Math.sqrt);
    return lengths.map((length, k) => {
      let product = 0;
      for (let at = 0; at < cells; at++) product += (layer.bytes[k * cells + at] - centre) * (layer.bytes[chosen * cells + at] - centre);
      return length > 0 && lengths[chosen] > 0 ? product / length / lengths[chosen] : -2;
    });
  },
};
