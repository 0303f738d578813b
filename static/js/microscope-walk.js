// The walk through a weighted sum: one product after the other lights up in patch, kernel and products, and the sum
// grows. Knows the rows it walks and the unit they show.

import { isCalm } from "./dom.js";
import { light } from "./microscope-link.js";
import { count, fixed } from "./microscope-numbers.js";

const PACE = 250;

/** A walk over the open rows of `pane`; `tell(words, playing)` hears where it is. */
export function createWalk(pane, unit, tell) {
  const rows = [...pane.querySelectorAll(".ms-terms")];
  const steps = rows.flatMap((row) => stepsOf(row, unit));
  let at = -1;
  let sum = 0;
  let timer = 0;

  function step() {
    if (at + 1 >= steps.length) return stop();
    at += 1;
    const { row, y, x, product } = steps[at];
    sum += product;
    light(pane, row, y, x);
    row.scrollIntoView({ block: "nearest" });
    tell(words(), timer !== 0);
  }

  const words = () => {
    const open = rows.length < unit.patch.length ? ` of the ${count(rows.length)} open channels` : "";
    const what = steps[at].y === null ? "channels" : "products";
    return `Σ of ${count(at + 1)} of ${count(steps.length)} ${what}${open}: ${fixed(sum)}`;
  };

  function stop() {
    clearInterval(timer);
    timer = 0;
    tell(at >= 0 ? words() : "", false);
  }

  function play() {
    if (at + 1 >= steps.length) [at, sum] = [-1, 0];
    if (!isCalm()) timer = setInterval(() => pane.matches(":hover") || step(), PACE);
    step();
  }

  return { toggle: () => (timer ? stop() : play()), stop };
}

// Every product of a row of cells; a row of pictures is one step.
function stepsOf(row, unit) {
  const c = Number(row.dataset.channel);
  if (!row.querySelector(".ms-cell")) return [{ row, y: null, x: null, product: unit.by_channel[c] }];
  return unit.patch[c].flatMap((line, y) => line.map((value, x) => ({ row, y, x, product: value * unit.kernel[c][y][x] })));
}
