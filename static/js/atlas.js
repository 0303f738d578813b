// Draws maps on a canvas in device pixels: whole factors, nearest when enlarged, mean of the values when reduced.

import { fitInto } from "./layout.js";
import { isDead } from "./quantised.js";

const HATCH_STEP = 5;

const entryOf = (shade, value) => {
  const level = shade.offset + (value - shade.centre) * shade.factor;
  const entry = Math.floor((shade.bend ? shade.bend(level) : level) + 0.5);
  return shade.packed[entry < 0 ? 0 : entry > 255 ? 255 : entry];
};

// The colour of every byte.
function coloursOf(shade) {
  const colours = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) colours[byte] = entryOf(shade, byte);
  return colours;
}

// Means of blocks of factor×factor values for all maps, kept with the layer: recolouring needs them again.
function reduced(layer, factor) {
  layer.reduced ??= new Map();
  if (!layer.reduced.has(factor)) layer.reduced.set(factor, meansOf(layer, factor));
  return layer.reduced.get(factor);
}

function meansOf({ bytes, maps, height, width }, factor) {
  const [rows, columns] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const means = new Float32Array(maps * rows * columns);
  for (let k = 0, to = 0; k < maps; k++) {
    for (let top = 0; top < height; top += factor) {
      const tall = Math.min(factor, height - top);
      for (let left = 0; left < width; left += factor) {
        const wide = Math.min(factor, width - left);
        let sum = 0;
        for (let y = 0, at = (k * height + top) * width + left; y < tall; y++, at += width) {
          for (let x = 0; x < wide; x++) sum += bytes[at + x];
        }
        means[to++] = sum / (tall * wide);
      }
    }
  }
  return means;
}

// One map into `target` (32-bit pixels, `stride` a row) with its upper left corner at (x0, y0) of the square.
export function paintMap(target, stride, x0, y0, layer, k, fit, shade) {
  const [top, left] = [y0 + fit.top, x0 + fit.left];
  if (fit.reduce > 1) {
    const means = reduced(layer, fit.reduce);
    for (let y = 0, at = k * fit.height * fit.width; y < fit.height; y++) {
      let to = (top + y) * stride + left;
      for (let x = 0; x < fit.width; x++) target[to++] = entryOf(shade, means[at++]);
    }
    return;
  }
  const colours = (shade.colours ??= coloursOf(shade));
  const { height, width, bytes } = layer;
  for (let y = 0, at = k * height * width; y < height; y++, at += width) {
    const start = (top + y * fit.enlarge) * stride + left;
    let to = start;
    for (let x = 0; x < width; x++) {
      const colour = colours[bytes[at + x]];
      for (let i = 0; i < fit.enlarge; i++) target[to++] = colour;
    }
    for (let i = 1; i < fit.enlarge; i++) target.copyWithin(start + i * stride, start, to);
  }
}

// One map alone, filling a canvas of the factor's own size (no margin); returns the fit.
export function drawMap(canvas, layer, k, pixels, shade) {
  const fit = { ...fitInto(layer.height, layer.width, pixels), top: 0, left: 0 };
  canvas.width = fit.width;
  canvas.height = fit.height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(fit.width, fit.height);
  paintMap(new Uint32Array(image.data.buffer), fit.width, 0, 0, layer, k, fit, shade);
  context.putImageData(image, 0, 0);
  return fit;
}

// Rows [first, last) of a wall. `order` lists the maps, `shadeFor(k)` colours them; dead maps are hatched.
export function drawWall(canvas, layer, wall, order, [first, last], ratio, shadeFor, hatch) {
  const [tile, tall, pitch, rowPitch] = [wall.tile, wall.tall, wall.pitch, wall.rowPitch].map((side) => Math.round(side * ratio));
  const width = Math.round(wall.width * ratio);
  canvas.width = width;
  canvas.height = (last - first) * rowPitch - (rowPitch - tall);
  const context = canvas.getContext("2d");
  const fit = fitInto(layer.height, layer.width, tile, tall);
  const strip = context.createImageData(width, tall);
  const pixels = new Uint32Array(strip.data.buffer);
  const dead = [];
  for (let row = first; row < last; row++) {
    pixels.fill(0);
    for (let column = 0; column < wall.columns; column++) {
      const k = order[row * wall.columns + column];
      if (k === undefined) break;
      if (isDead(layer, k)) dead.push([column * pitch, (row - first) * rowPitch]);
      else paintMap(pixels, width, column * pitch, 0, layer, k, fit, shadeFor(k));
    }
    context.putImageData(strip, 0, (row - first) * rowPitch);
  }
  for (const [x, y] of dead) drawHatch(context, x, y, [tile, tall], ratio, hatch);
}

export function drawHatch(context, x, y, [wide, tall], ratio, colour) {
  context.save();
  context.beginPath();
  context.rect(x, y, wide, tall);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = ratio;
  context.beginPath();
  for (let at = -tall; at < wide; at += HATCH_STEP * ratio) {
    context.moveTo(x + at, y + tall);
    context.lineTo(x + at + tall, y);
  }
  context.stroke();
  context.strokeRect(x + ratio / 2, y + ratio / 2, wide - ratio, tall - ratio);
  context.restore();
}
