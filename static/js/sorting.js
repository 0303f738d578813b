// In which order a layer's maps stand, from the bytes that the browser has. Pure.

import { isDead } from "./quantised.js";

const KEYS = { max: (layer) => layer.high };
let more = {};

// Differences stand by their size, whatever the order of the maps themselves.
export const orderName = ({ diff, sort }) => (diff ? "norm" : sort);

// Orders other than by index and by the largest value are loaded when first asked for.
export const canSort = (sort) => sort === "index" || sort in KEYS || sort in more;
export const loadSorts = () => import("./sort-keys.js").then(({ SORT_KEYS }) => (more = SORT_KEYS));

// Which map of a block the others are ordered by their likeness to; null in other blocks.
export function likeIn(block, like) {
  const [name, map] = like.split(":");
  return name === block.name && Number(map) < block.shape[0] ? Number(map) : null;
}

// The indices of the maps, largest first unless by index; equal maps keep their order. Dead ones left out if asked.
export function orderOf(layer, maps, sort, hideDead, like = null) {
  const all = Array.from({ length: maps }, (_, k) => k);
  if (!layer) return all;
  const shown = hideDead ? all.filter((k) => !isDead(layer, k)) : all;
  const keysOf = KEYS[sort] ?? more[sort];
  if (!keysOf || (sort === "like" && like === null)) return shown;
  layer.keys ??= {};
  const keys = (layer.keys[`${sort} ${like}`] ??= keysOf(layer, like));
  return shown.sort((a, b) => keys[b] - keys[a] || a - b);
}

export const deadCount = (layer) => layer.high.reduce((count, _, k) => count + isDead(layer, k), 0);

// One more than the number of maps with a larger maximum.
export const rankByMax = (layer, k) => layer.high.reduce((rank, high) => rank + (high > layer.high[k]), 1);

export function strongest(layer) {
  return layer.high.reduce((best, high, k) => (high > layer.high[best] ? k : best), 0);
}

// The maps with the largest values at one cell, as [k, value], largest first.
export function largestAt(layer, cell, valueAt) {
  const values = Array.from({ length: layer.maps }, (_, k) => [k, valueAt(layer, k, cell)]);
  return values.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}
