// A vector drawn as bars. Knows no page.

import { colour } from "./dom.js";

// A vector's values as bars from zero, the chosen one in the probe's colour; where bars are thinner than a pixel the
// largest and smallest of those that share it.
export function drawBars(canvas, values, chosen, [width, height], ratio) {
  [canvas.width, canvas.height] = [width * ratio, height * ratio];
  const context = canvas.getContext("2d");
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [0, 0]);
  const y = (value) => Math.round(((high - value) / (high - low || 1)) * (canvas.height - ratio));
  const step = canvas.width / values.length;
  const bar = (index, ink, wide) => {
    context.fillStyle = ink;
    const [top, zero] = [Math.min(y(values[index]), y(0)), Math.max(y(values[index]), y(0))];
    context.fillRect(Math.floor(index * step), top, Math.max(wide, Math.floor(step) - (step > 3 * ratio ? ratio : 0)), zero - top + ratio);
  };
  for (let index = 0; index < values.length; index++) bar(index, colour("--bar"), 1);
  bar(chosen, colour("--accent-mark"), 2 * ratio);
}
