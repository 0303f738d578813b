// Draws maps of A, B and B − A beside each other on one scale. Knows layers laid on A's cells, no state of the page.

import { drawHatch, drawMap, paintMap } from "./atlas.js";
import { colour } from "./dom.js";
import { fitInto } from "./layout.js";
import { tableFor } from "./lut.js";
import { isDead } from "./quantised.js";
import { rangeOf, shadesOf } from "./tone.js";

export const TILE = 112;
export const GAP = 6;

// How three layers are coloured: A and B on one scale, B − A on its own, each over the layer or over each map.
export function scalesOf({ a, b, difference }, scale) {
  const signed = [a, b].some((layer) => layer?.signed);
  const table = tableFor("auto", signed);
  const changes = tableFor("auto", true);
  const most = (layer, k) => (layer ? (scale === "each" ? layer.full[k] : rangeOf(layer)) : 0);
  const reference = (k) => Math.max(most(a, k), most(b, k));
  const changed = (k) => most(difference, k);
  const shades = [a, b, difference].map((layer, index) => layer && shadesOf(layer, index < 2 ? reference : changed, index < 2 ? table : changes));
  return { signed, table, changes, reference, changed, shades };
}

// A, B and B − A of map k on one canvas; where there is no layer yet, nothing.
export function drawTriplet(canvas, layers, k, shades, ratio) {
  const [tile, gap] = [Math.round(TILE * ratio), Math.round(GAP * ratio)];
  const width = 3 * tile + 2 * gap;
  [canvas.width, canvas.height] = [width, tile];
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, tile);
  const pixels = new Uint32Array(image.data.buffer);
  const fit = fitOf(layers.find(Boolean), tile);
  layers.forEach((layer, index) => layer && paintMap(pixels, width, index * (tile + gap), 0, layer, k, fit, shades[index](k)));
  context.putImageData(image, 0, 0);
  layers.forEach((layer, index) => {
    if (!layer) return;
    const left = index * (tile + gap) + fit.left;
    if (index < 2 && isDead(layer, k)) {
      context.clearRect(left, fit.top, fit.width, fit.height);
      drawHatch(context, left, fit.top, [fit.width, fit.height], ratio, colour("--hatch"));
    }
    cover(context, layer, fit, left, fit.top);
  });
}

// One map alone, as large as whole factors make it within `pixels`, what was compared framed; returns its fit.
export function drawOne(canvas, layer, k, pixels, shade) {
  const fit = drawMap(canvas, layer, k, pixels, shade);
  const context = canvas.getContext("2d");
  cover(context, layer, fit, 0, 0);
  if (layer.valid) frame(context, layer.valid, factorOf(fit));
  return fit;
}

function frame(context, { top, left, bottom, right }, factor) {
  context.strokeStyle = colour("--line-2");
  context.strokeRect(left * factor - 0.5, top * factor - 0.5, (right - left) * factor + 1, (bottom - top) * factor + 1);
}

export const fitOf = (layer, pixels) => fitInto(layer.height, layer.width, pixels, pixels);
export const factorOf = (fit) => (fit.reduce > 1 ? 1 / fit.reduce : fit.enlarge);

// What lies outside the compared cells holds no value.
function cover(context, { valid }, fit, left, top) {
  if (!valid) return;
  const factor = factorOf(fit);
  const [y0, x0, y1, x1] = [valid.top, valid.left, valid.bottom, valid.right].map((cell) => Math.round(cell * factor));
  context.fillStyle = colour("--bg-sunk");
  context.fillRect(left, top, fit.width, y0);
  context.fillRect(left, top + y1, fit.width, fit.height - y1);
  context.fillRect(left, top + y0, x0, y1 - y0);
  context.fillRect(left + x1, top + y0, fit.width - x1, y1 - y0);
}
