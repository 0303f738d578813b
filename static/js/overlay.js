// The selected map over the photo, coloured as in the wall and as opaque as its values are large.

import { element, find, place } from "./dom.js";
import { cellAt, samePlace } from "./layout.js";
import { tableFor } from "./lut.js";
import { referencesOf, shadeOf } from "./tone.js";

// Gives `show(chosen)`; `chosen` is the inspector's selection, or null. One pixel of the canvas is one of the input.
export function createOverlay(host, [, rows, columns]) {
  const canvas = element("canvas", { id: "overlay", class: "overlay", width: columns, height: rows, "aria-hidden": "true" });
  find(".clip", host).prepend(canvas);
  let drawn = "";

  return function show(chosen) {
    const opacity = chosen?.vector ? 0 : (chosen?.state.overlay ?? 0);
    canvas.hidden = opacity === 0;
    if (canvas.hidden) return;
    const { layer, name, k, state } = chosen;
    const image = find("img", host);
    place(canvas, { width: image.clientWidth, height: image.clientHeight });
    canvas.style.opacity = opacity / 100;
    const table = tableFor(state.colour, layer.signed);
    const key = [name, k, table.name, state.norm, state.clip, state.blend, state.low, state.high, state.gamma].join(" ");
    if (key === drawn) return;
    drawn = key;
    paint(chosen, shadeOf(layer, k, referencesOf(layer, state, 0)(k), table, state));
  };

  function paint({ block, layer, k }, shade) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    const sides = [1, layer.height, layer.width];
    const cellOf = (pixel) => cellAt(block.receptive_field, pixel, sides) ?? samePlace(pixel, [1, rows, columns], sides);
    const down = Array.from({ length: rows }, (_, y) => cellOf([y, 0])[0]);
    const across = Array.from({ length: columns }, (_, x) => cellOf([0, x])[1]);
    const colours = coloursOf(shade);
    const start = k * layer.height * layer.width;
    for (let y = 0, to = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) pixels[to++] = colours[layer.bytes[start + down[y] * layer.width + across[x]]];
    }
    context.putImageData(image, 0, 0);
  }
}

// The colour of every byte; its alpha is its distance from zero, so that what is zero shows the photo.
function coloursOf(shade) {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    const level = shade.offset + (byte - shade.centre) * shade.factor;
    const bent = Math.min(255, Math.max(0, shade.bend ? shade.bend(level) : level));
    const alpha = Math.round((Math.abs(bent - shade.middle) / (255 - shade.middle)) * 255);
    const rgba = new Uint8Array(new Uint32Array([shade.packed[Math.floor(bent + 0.5)]]).buffer);
    rgba[3] = Math.min(255, alpha);
    return new Uint32Array(rgba.buffer)[0];
  });
}
