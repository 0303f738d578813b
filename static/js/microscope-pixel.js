// The end of the chain: one number of the network's input, and the pixel of the photo that it was made from.

import { Scale, block, element, scaleBar } from "./microscope-cells.js";
import { context } from "./microscope-context.js";
import { fetchMap, photoPath } from "./microscope-data.js";
import { fixed } from "./microscope-numbers.js";

const REACH = 2;
const COLOURS = ["red", "green", "blue"];

/** Context, middle and result of an input value at `{channel, y, x}`. */
export async function inputPixel(at, env) {
  const rows = await fetchMap(env.run, "input", at.channel, env.signal);
  const value = rows[at.y][at.x];
  const field = { top: at.y, left: at.x, bottom: at.y, right: at.x };
  const inputs = [{ layer: "input", channels: [at.channel, at.channel] }];
  const unit = { ...at, op: "input", window: null, inputs, receptive_field: { ...field, clipped: field, whole: false } };
  const pixel = env.photo ? await photoPixel(env.run, at) : null;
  const { node, scale } = neighbourhood(at, rows, env);
  return [context(unit, null, env), node, holds(at, value, pixel, scale)];
}

// The numbers around it, the one itself outlined.
function neighbourhood(at, rows, env) {
  const top = Math.max(0, Math.min(rows.length - 2 * REACH - 1, at.y - REACH));
  const left = Math.max(0, Math.min(rows[0].length - 2 * REACH - 1, at.x - REACH));
  const values = rows.slice(top, top + 2 * REACH + 1).map((row) => [...row.slice(left, left + 2 * REACH + 1)]);
  const scale = new Scale(values.flat(), true, env.luts.signed);
  const grid = block(values, {
    width: Math.min(58 * values[0].length, env.width),
    scale,
    label: `Input channel ${at.channel} around row ${at.y}, column ${at.x}`,
    pick: (y, x) => env.explain({ ...at, y: top + y, x: left + x }),
  });
  grid.querySelector(`.ms-cell[data-y="${at.y - top}"][data-x="${at.x - left}"]`)?.classList.add("ms-winner");
  const [bottom, right] = [top + values.length - 1, left + values[0].length - 1];
  const text = `Rows ${top}–${bottom}, columns ${left}–${right} of channel ${at.channel}, as the network saw them.`;
  const words = element("p", "ms-hint", text);
  return { node: element("div", "ms-plain", grid, words), scale };
}

async function photoPixel(run, at) {
  const image = new Image();
  image.src = photoPath(run);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const drawing = canvas.getContext("2d");
  drawing.drawImage(image, -at.x, -at.y);
  return drawing.getImageData(0, 0, 1, 1).data;
}

function holds(at, value, pixel, scale) {
  const list = element("dl", "ms-steps");
  if (pixel) {
    COLOURS.forEach((colour, i) => {
      const tone = i === at.channel ? "ms-strong" : "";
      list.append(element("dt", tone, `the pixel's ${colour}`), element("dd", tone, String(pixel[i])));
    });
    list.append(element("dt", "ms-rule", "after mean and scale"), element("dd", "ms-rule", fixed(value)));
  }
  const total = element("div", "ms-holds", element("span", "", "input holds"), element("output", "ms-value", fixed(value)));
  return element("div", "ms-result-inner", list, total, element("div", "ms-colours", element("b", "", "Colour"), scaleBar("Input", scale)));
}
