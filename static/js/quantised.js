// Reads the service's binary answers: `CSU8` (one byte a value) and `npy`. Knows formats, not layers or pages.

const HEADER = 24;

// One layer: `bytes` in C×H×W order, `low` and `high` each map's true minimum and maximum.
// Unsigned: value = byte / 255 · high. Signed: value = (byte − 128) / 127 · max(|low|, |high|), zero exactly 128.
export function parseQuantised(buffer) {
  const view = new DataView(buffer);
  const magic = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  const [version, maps, height, width, flags] = [4, 8, 12, 16, 20].map((at) => view.getUint32(at, true));
  const values = maps * height * width;
  if (magic !== "CSU8" || version !== 1 || buffer.byteLength !== HEADER + 8 * maps + values) {
    throw new Error("The layer's bytes are not in the format CSU8, version 1");
  }
  const signed = (flags & 1) === 1;
  const low = new Float32Array(buffer.slice(HEADER, HEADER + 4 * maps));
  const high = new Float32Array(buffer.slice(HEADER + 4 * maps, HEADER + 8 * maps));
  const bytes = new Uint8Array(buffer, HEADER + 8 * maps, values);
  // The value that the largest byte (255) stands for, one a map.
  const full = high.map((most, k) => (signed ? Math.max(Math.abs(low[k]), Math.abs(most)) : Math.max(most, 0)));
  return { signed, maps, height, width, low, high, full, bytes };
}

export const isDead = (layer, k) => layer.low[k] === 0 && layer.high[k] === 0;

export function valueAt(layer, k, cell) {
  const byte = layer.bytes[k * layer.height * layer.width + cell];
  return layer.signed ? ((byte - 128) / 127) * layer.full[k] : (byte / 255) * layer.full[k];
}

// A little-endian float32 array in C order, as the service writes it.
export function parseNpy(buffer) {
  const view = new DataView(buffer);
  const long = view.getUint8(6) > 1;
  const start = (long ? 12 : 10) + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(new Uint8Array(buffer, 0, start));
  if (!header.includes("'<f4'") || header.includes("'fortran_order': True")) {
    throw new Error("The array is not float32 in C order");
  }
  return new Float32Array(buffer.slice(start));
}
