// The colour tables and which one is used for which kind of data. Knows no canvas.

const tables = new Map();

export async function loadTables(path = "/static/data/luts.json") {
  const data = await (await fetch(path)).json();
  for (const [name, { kind, colors }] of Object.entries(data)) {
    const rgb = Uint8Array.from(colors.flat());
    tables.set(name, { name, kind, rgb, packed: pack(rgb) });
  }
}

// One 32-bit word a colour, in the byte order of this machine's ImageData.
function pack(rgb) {
  const rgba = new Uint8Array(1024);
  for (let i = 0; i < 256; i++) rgba.set([rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2], 255], 4 * i);
  return new Uint32Array(rgba.buffer);
}

export const table = (name) => tables.get(name);

// Sequential from zero for data without negative values, diverging for signed data; the dark theme's has a dark middle.
export function tableFor(colour, signed) {
  if (colour !== "auto") return tables.get(colour);
  return tables.get(signed ? signedName() : "viridis");
}

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export const signedName = () => (isDark() ? "iceburn" : "RdBu");

// A row of the table's colours, as wide as the canvas.
export function paintScale(canvas, { rgb }) {
  const context = canvas.getContext("2d");
  for (let x = 0; x < canvas.width; x++) {
    const at = 3 * Math.round((x * 255) / Math.max(1, canvas.width - 1));
    context.fillStyle = `rgb(${rgb[at]} ${rgb[at + 1]} ${rgb[at + 2]})`;
    context.fillRect(x, 0, 1, canvas.height);
  }
}
