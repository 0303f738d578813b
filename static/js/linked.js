// Linked views: the place under the pointer, outlined in every map in sight and on the photo, and the marked place.
// Draws on a canvas of its own over the column, so that no wall is drawn again. Knows layers by their metadata alone.

import { atNextFrame, colour, element, find, loadStyles, place } from "./dom.js";
import { cellAt, fitInto, pointOf, tileAt, tilePlace, volume } from "./layout.js";

const SMALLEST_MARK = 3;
const HEADER = 32;
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

// How the maps of a wall are drawn, in device pixels: the place of each tile and the size of a cell in it.
function gridOf(block, wall, ratio) {
  const [tile, tall, pitch, rowPitch] = [wall.tile, wall.tall, wall.pitch, wall.rowPitch].map((side) => Math.round(side * ratio));
  const [, height, width] = volume(block.shape);
  const fit = fitInto(height, width, tile, tall);
  return { pitch, rowPitch, fit, cell: fit.reduce > 1 ? 1 / fit.reduce : fit.enlarge };
}

// The outline of a cell in its tile, in device pixels; one smaller than a mark can be gets a mark around its middle.
export function markOf({ fit, cell }, [y, x]) {
  const side = Math.max(SMALLEST_MARK, Math.round(cell));
  const start = (at) => Math.round(at * cell + (cell - side) / 2);
  return { left: fit.left + start(x), top: fit.top + start(y), side };
}

// `chosen()` is the probe's block and the state, `fire(y, x)` ranks the maps there (null: at the probe).
export function createLinks({ column, photo, inspector, shape, chosen, fire, pin, onPick }) {
  const { scroller } = column;
  const canvas = element("canvas", { class: "links", "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  let passing = null;
  let empty = true;
  loadStyles("explore-linked").then(() => scroller.after(canvas));

  function fit(ratio) {
    const [width, height] = [scroller.clientWidth, scroller.clientHeight];
    place(canvas, { left: scroller.offsetLeft, top: scroller.offsetTop, width, height });
    const sides = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== sides[0] || canvas.height !== sides[1]) [canvas.width, canvas.height] = sides;
  }

  // One path for all marks of a point: hundreds of outlines are two strokes.
  function pathOf(point, ratio) {
    const [path, bounds] = [new Path2D(), scroller.getBoundingClientRect()];
    for (const { block, wall: { wall, order, host } } of column.walls()) {
      const cell = cellAt(block.receptive_field, point, volume(block.shape));
      if (!cell) continue;
      const [grid, box] = [gridOf(block, wall, ratio), host.getBoundingClientRect()];
      const [left, top] = [Math.round((box.left - bounds.left) * ratio), Math.round((box.top - bounds.top) * ratio)];
      const mark = markOf(grid, cell);
      const rowOf = (y) => Math.floor((y - top) / grid.rowPitch);
      const [first, last] = [Math.max(0, rowOf(0)), Math.min(wall.rows - 1, rowOf(canvas.height))];
      for (let at = first * wall.columns; at < Math.min(order.length, (last + 1) * wall.columns); at++) {
        const [row, column_] = [Math.floor(at / wall.columns), at % wall.columns];
        path.rect(left + column_ * grid.pitch + mark.left - 0.5, top + row * grid.rowPitch + mark.top - 0.5, mark.side + 1, mark.side + 1);
      }
    }
    return path;
  }

  function stroke(path, outer, inner) {
    for (const [ink, wide] of [[outer, 3], [inner, 1]]) {
      context.strokeStyle = colour(ink);
      context.lineWidth = wide;
      context.stroke(path);
    }
  }

  function draw() {
    const { block, state } = chosen();
    const marked = state.pin && state.y !== null && block ? pointOf(block.receptive_field, [state.y, state.x]) : null;
    const at = passing?.point;
    if (empty && !at && !marked) return;
    const ratio = devicePixelRatio;
    fit(ratio);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.save();
    context.beginPath();
    context.rect(0, HEADER * ratio, canvas.width, canvas.height);
    context.clip();
    if (marked) stroke(pathOf(marked, ratio), "--mark-halo", "--accent-mark");
    if (at) stroke(pathOf(at, ratio), "--mark-core", "--mark-halo");
    context.restore();
    empty = !at && !marked;
  }

  // What follows the pointer: outlines, the field on the photo, the value in the inspector, what fires there.
  function show() {
    const { block } = chosen();
    const at = passing?.point;
    const local = at && block ? cellAt(block.receptive_field, at, volume(block.shape)) : null;
    draw();
    photo.hover(...(passing ? [passing.block, passing.cell] : [null, null]));
    if (passing?.from !== "map") inspector.point(local);
    fire(...(local ?? [null, null]));
  }

  const follow = atNextFrame(show);

  // `source` is {block, cell}, or null where nothing is pointed at.
  function hover(source) {
    const point = source ? pointOf(source.block.receptive_field, source.cell) : null;
    if (!source && !passing) return;
    passing = source && { ...source, point };
    follow();
  }

  // The cell under the pointer in a wall's tile, or null between tiles.
  function cellIn(event) {
    const entry = column.walls().find(({ node }) => node.contains(event.target));
    const at = entry && tileAt(entry.wall.wall, event.offsetX, event.offsetY);
    if (at === null || at === undefined) return null;
    const [grid, origin] = [gridOf(entry.block, entry.wall.wall, 1), tilePlace(entry.wall.wall, at)];
    const [, height, width] = volume(entry.block.shape);
    const inside = (offset, start, cells) => Math.min(cells - 1, Math.max(0, Math.floor((offset - start) / grid.cell)));
    return { block: entry.block, cell: [inside(event.offsetY, origin.top + grid.fit.top, height), inside(event.offsetX, origin.left + grid.fit.left, width)] };
  }

  const onPhoto = (pixel) => {
    const { block } = chosen();
    const cell = block && cellAt(block.receptive_field, pixel, volume(block.shape));
    return cell && { block, cell };
  };

  scroller.addEventListener("pointermove", (event) => hover(event.target.closest(".grid") ? cellIn(event) : null));
  scroller.addEventListener("pointerleave", () => hover(null));
  photo.host.addEventListener("pointermove", (event) => hover(onPhoto(photo.pixelOf(event))));
  photo.host.addEventListener("pointerleave", () => hover(null));
  photo.host.addEventListener("blur", () => hover(null));

  // The photo by keys: arrows move by a cell of the probe's layer, Enter puts the probe there.
  photo.host.addEventListener("keydown", (event) => {
    const { block, state } = chosen();
    const step = STEPS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !block || state.y === null) return;
    const [y, x] = passing?.cell ?? [state.y, state.x];
    if (event.key === "Enter") onPick([y, x]);
    else if (step) hover({ block, cell: inBlock(block, y + step[0], x + step[1]) });
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  find("#big").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    pin(!chosen().state.pin);
  });

  function inBlock(block, y, x) {
    const [, height, width] = volume(block.shape);
    return [Math.min(height - 1, Math.max(0, y)), Math.min(width - 1, Math.max(0, x))];
  }

  // After the page has shown the probe again, what is pointed at goes on top.
  return { hover, draw, refresh: () => passing && show() };
}
