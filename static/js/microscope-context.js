// The left of the microscope: the photo with the receptive field, and the input with its window.

import { WIDEST_CELL, attributes, element } from "./microscope-cells.js";
import { layerOf, photoPath, sourceChannel } from "./microscope-data.js";
import { mapCanvas, placed, windowMark } from "./microscope-pictures.js";
import { ranked } from "./microscope-strip.js";

const SIDE = 168;
const ZOOM_SIDE = 147;
const ZOOM_CELLS = 21;
const SMALLEST_MARK = 12;

/** The context of a unit: pictures with the probe's place on each; `held` is the layer that holds the number. */
export function context(unit, held, env) {
  const box = element("div", "ms-context-inner");
  const source = unit.inputs[0].layer;
  const direct = source === "input";
  box.append(photoFigure(unit, env, direct ? SIDE : 112));
  if (direct && !unit.receptive_field?.whole) box.append(zoomFigure(unit, env));
  else if (!direct && isMap(layerOf(env.run, source))) box.append(inputFigure(unit, env));
  if (held && isMap(layerOf(env.run, held))) box.append(outputFigure(unit, held, env));
  return box;
}

const isMap = ({ shape: [, height, width] }) => height * width > 1;

function caption(left, right) {
  return element("figcaption", "ms-caption", element("span", "", left), element("span", "", right));
}

function photoFigure(unit, env, side) {
  const [height, width] = env.run.input.shape.slice(-2);
  const factor = side / Math.max(height, width);
  const field = unit.receptive_field;
  const photo = attributes(element("img", "ms-photo"), { src: photoPath(env.run), alt: "What the network saw, with the receptive field" });
  const frame = element("div", "ms-picture", photo);
  frame.style.width = `${width * factor}px`;
  frame.style.height = `${height * factor}px`;
  if (field) frame.append(...fieldMarks(field, factor));
  const figure = element("figure", "ms-photo-figure", frame, caption(env.photo ? "Photo" : "Input", field ? where(field) : ""));
  if (field) figure.append(element("p", "ms-small", extent(field, height, width)));
  return figure;
}

/** The receptive field on the picture, never smaller than a bracket of 12 px; what lies outside is dimmed. */
function fieldMarks(field, factor) {
  const shown = field.clipped ?? field;
  const wide = (shown.right - shown.left + 1) * factor;
  const tall = (shown.bottom - shown.top + 1) * factor;
  const width = Math.max(SMALLEST_MARK, wide);
  const height = Math.max(SMALLEST_MARK, tall);
  const box = [shown.left * factor - (width - wide) / 2, shown.top * factor - (height - tall) / 2, width, height];
  return [element("span", "ms-veil", placed(element("span", "ms-dim"), box)), placed(element("span", "ms-mark"), box)];
}

const span = (from, to) => (from === to ? `${from}` : `${from}–${to}`);

function where({ clipped }) {
  return clipped ? `x ${span(clipped.left, clipped.right)}, y ${span(clipped.top, clipped.bottom)}` : "in padding alone";
}

/** The field's full size, and how far it reaches past the picture. */
function extent(field, height, width) {
  const size = `${field.right - field.left + 1}×${field.bottom - field.top + 1} px`;
  if (field.whole) return `${size}, all of the layer's field`;
  const past = Math.max(-field.top, -field.left, field.bottom - height + 1, field.right - width + 1);
  return past > 0 ? `${size}, up to ${past} px past the edge` : size;
}

/** The input around the window, enlarged by a whole factor. */
function zoomFigure(unit, env) {
  const [height, width] = env.run.input.shape.slice(-2);
  const { top, left, height: tall, width: wide } = unit.window ?? { top: unit.y, left: unit.x, height: 1, width: 1 };
  const cells = Math.min(Math.max(ZOOM_CELLS, Math.ceil(Math.max(tall, wide) * 1.5) | 1), Math.max(height, width));
  const factor = Math.max(1, Math.floor(ZOOM_SIDE / cells));
  const from = { y: Math.round(top + tall / 2 - cells / 2), x: Math.round(left + wide / 2 - cells / 2) };
  const canvas = attributes(element("canvas", "ms-canvas"), { role: "img", "aria-label": `${cells}×${cells} pixels around the window` });
  canvas.width = cells;
  canvas.height = cells;
  canvas.style.width = canvas.style.height = `${cells * factor}px`;
  const image = new Image();
  image.src = photoPath(env.run);
  image.decode().then(() => canvas.getContext("2d").drawImage(image, -from.x, -from.y), () => {});
  const mark = placed(element("span", "ms-mark"), [(left - from.x) * factor, (top - from.y) * factor, wide * factor, tall * factor]);
  const frame = element("div", "ms-picture ms-padding", canvas, mark);
  frame.style.width = frame.style.height = `${cells * factor}px`;
  return element("figure", "ms-zoom-figure", frame, caption(`${cells}×${cells} pixels around it`, `${factor}×`));
}

/** The input map that matters most here, with the window on it. */
function inputFigure(unit, env) {
  const c = unit.by_channel ? (env.focused ?? ranked(unit.by_channel)[0].channel) : 0;
  const { layer, channel } = sourceChannel(unit, c);
  const [height, width] = layerOf(env.run, layer).shape.slice(-2);
  const frame = mapFrame(layer, channel, env);
  frame.append(windowMark(unit, height, width, frame.factor));
  const size = unit.window ? `${unit.window.height}×${unit.window.width} of ${height}×${width}` : `${height}×${width}`;
  return element("figure", "ms-input-figure", frame.box, caption(`${layer} : ${channel}`, size));
}

/** The map that the number stands in; a click takes the window there. */
function outputFigure(unit, held, env) {
  const [height, width] = layerOf(env.run, held).shape.slice(-2);
  const frame = mapFrame(held, unit.channel, env);
  frame.append(windowMark({ y: unit.y, x: unit.x }, height, width, frame.factor));
  frame.box.classList.add("ms-pickable");
  frame.box.addEventListener("click", (event) => {
    const box = frame.box.getBoundingClientRect();
    const cell = (offset, cells) => Math.max(0, Math.min(cells - 1, Math.floor(offset / frame.factor)));
    env.moveTo(cell(event.clientY - box.top, height), cell(event.clientX - box.left, width));
  });
  return element("figure", "ms-output-figure", frame.box, caption(`${held} : ${unit.channel}`, `${height}×${width}`));
}

// A place for one map, filled when it arrives: enlarged by whole factors, reduced by whole factors.
function mapFrame(layer, channel, env) {
  const [height, width] = layerOf(env.run, layer).shape.slice(-2);
  const longest = Math.max(height, width);
  const factor = longest <= SIDE ? Math.min(WIDEST_CELL, Math.floor(SIDE / longest)) : 1 / Math.ceil(longest / SIDE);
  const box = element("div", "ms-picture ms-waiting");
  box.style.width = `${width * factor}px`;
  box.style.height = `${height * factor}px`;
  env.map(layer, channel).then((rows) => box.prepend(mapCanvas(rows, layer, channel, env, SIDE)), () => {});
  return { box, factor, append: (mark) => box.append(mark) };
}
