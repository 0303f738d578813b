// Row and column numbers beside a map. Knows no layer.

import { element, place } from "./dom.js";

const STEPS = [1, 2, 4, 8, 10, 20, 40, 100, 200, 400, 1000, 2000, 4000, 10000];
const MOST_TICKS = 6;

// Beside a map drawn at `factor` pixels a cell; the probe's own stand out.
export function showAxes(host, [height, width], [y, x], factor) {
  const longest = Math.max(height, width);
  const step = STEPS.find((each) => longest / each <= MOST_TICKS) ?? longest;
  const label = (kind, at, side) => {
    const node = element("span", { class: `${kind}${at === side ? " at" : ""}` }, String(at));
    place(node, kind === "down" ? { top: at * factor + factor / 2 - 5 } : { left: at * factor + factor / 2 - 20 });
    return node;
  };
  const marks = (kind, cells, probe, room) => {
    const ticks = Array.from({ length: Math.ceil(cells / step) }, (_, i) => i * step).filter((at) => Math.abs(at - probe) * factor > room);
    return [...ticks, probe].map((at) => label(kind, at, probe));
  };
  host.replaceChildren(...(height > 1 ? marks("down", height, y, 14) : []), ...marks("across", width, x, 18));
}
