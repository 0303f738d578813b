// Small pictures of maps with the probe's place on them. Knows a layer's shape and signs, nothing of its arithmetic.

import { Scale, WIDEST_CELL, attributes, element, paint, reduced } from "./microscope-cells.js";
import { layerOf } from "./microscope-data.js";

const THUMBNAIL = 56;

/** The scale of some of a layer's values: symmetric where they may be negative. */
export function scaleFor(values, layer, env) {
  const { signed } = layerOf(env.run, layer);
  return new Scale(values, signed, signed ? env.luts.signed : env.luts.sequential);
}

/** `node` at [left, top, width, height] in pixels. */
export function placed(node, [left, top, width, height]) {
  Object.assign(node.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  return node;
}

/** A map at 56 px with the window's outline; filled when the map arrives. */
export function thumbnail(unit, layer, channel, env) {
  const box = element("div", "ms-thumb");
  const [height, width] = layerOf(env.run, layer).shape.slice(-2);
  env.map(layer, channel).then((rows) => box.prepend(mapCanvas(rows, layer, channel, env, THUMBNAIL)), () => {});
  box.append(windowMark(unit, height, width, THUMBNAIL / Math.max(height, width)));
  return box;
}

/** One map in at most `side` pixels by whole factors, in the colours of its kind. */
export function mapCanvas(rows, layer, channel, env, side) {
  const longest = Math.max(rows.length, rows[0].length);
  const drawn = reduced(rows, Math.max(1, Math.ceil(longest / side)));
  const scale = scaleFor(drawn.flatMap((row) => [...row]), layer, env);
  const canvas = paint(drawn, scale, Math.min(WIDEST_CELL, Math.max(1, Math.floor(side / longest))));
  return attributes(canvas, { role: "img", "aria-label": `${layer} map ${channel}` });
}

/** The outline of a unit's window on a map of height×width cells, `factor` pixels each. */
export function windowMark(unit, height, width, factor) {
  const { top, left, height: tall, width: wide } = unit.window ?? { top: unit.y, left: unit.x, height: 1, width: 1 };
  const [y, x] = [Math.max(0, top), Math.max(0, left)];
  const [bottom, right] = [Math.min(height, top + tall), Math.min(width, left + wide)];
  const box = [x, y, Math.max(1, right - x), Math.max(1, bottom - y)];
  return placed(element("span", "ms-mark"), box.map((side) => side * factor));
}
