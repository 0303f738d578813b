// From a stored byte to an entry of the colour table: normalisation, clipping, zero. Pure arithmetic.

let more = null;

// Clipping, gamma and a fixed range are loaded when a view first asks for them.
export const canTone = ({ clip, gamma, norm }) => more !== null || (clip >= 100 && gamma === 1 && norm !== "fixed");
export const loadTones = () => import("./tone-more.js").then((module) => (more = module));
const shareOf = (layer, clip, k) => (clip < 100 && more ? more.clippedShare(layer, clip, k) : 1);

// How the maps of a layer are coloured: `shadeFor(k)`. Maps with the same factor share one shade and its colours.
export function shadesOf(layer, reference, table, view) {
  const shades = new Map();
  return (k) => {
    const shade = shadeOf(layer, k, reference(k), table, view);
    if (!shades.has(shade.factor)) shades.set(shade.factor, shade);
    return shades.get(shade.factor);
  };
}

// Whether the view gives a range of its own: both ends of a sequential scale, the larger side of a diverging one.
const isFixed = ({ norm, low, high }) => norm === "fixed" && low !== null && high > low;

// The values at the two ends of the colour scale.
export function endsOf(layer, reference, table, view) {
  if (table.kind === "sequential" && isFixed(view)) return [view.low, view.high];
  return [layer.signed || table.kind === "diverging" ? -reference : 0, reference];
}

// entry = floor(bend(offset + (byte − centre) · factor) + 0.5), clamped to 0…255. `view` has norm, low, high and gamma.
export function shadeOf(layer, k, reference, table, view = {}) {
  const shade = table.kind === "sequential" && isFixed(view) && more ? more.fixedShade(layer, k, table, view) : straight(layer, k, reference, table);
  return more && view.gamma > 0 && view.gamma !== 1 ? { ...shade, bend: more.bendOf(shade.middle, view.gamma) } : shade;
}

function straight(layer, k, reference, table) {
  const scale = reference > 0 ? layer.full[k] / reference : 0;
  if (layer.signed) return { packed: table.packed, centre: 128, offset: 128, middle: 128, factor: scale };
  if (table.kind === "diverging") return { packed: table.packed, centre: 0, offset: 128, middle: 128, factor: (scale * 127) / 255 };
  return { packed: table.packed, centre: 0, offset: 0, middle: 0, factor: scale };
}

// The value at the end of the colour scale for every map of a layer: `references(k)`.
// A vector's values are maps of one cell: scaled each to itself they would all be full, so they share the layer's.
// Between map and layer `blend` percent of the way may be gone.
export function referencesOf(layer, view, networkRange) {
  const { norm, clip, blend } = view;
  if (norm === "network" && networkRange > 0) return () => networkRange;
  if (isFixed(view)) return () => Math.max(Math.abs(view.low), Math.abs(view.high));
  const own = norm === "map" && layer.height * layer.width > 1 ? 1 - blend / 100 : 0;
  const whole = own < 1 ? rangeOf(layer) * shareOf(layer, clip, null) : 0;
  return (k) => (own > 0 ? own * layer.full[k] * shareOf(layer, clip, k) : 0) + (1 - own) * whole;
}

export function rangeOf(layer) {
  layer.range ??= layer.full.reduce((most, value) => Math.max(most, value), 0);
  return layer.range;
}
