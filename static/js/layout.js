// Where tiles stand in a wall, from shapes alone. Pure arithmetic; app/web/explore.py holds the same rule for the
// skeleton that the server sends.

const GAPS = { 28: 1, 56: 2, 112: 4 };
const BASE_PITCH = 58;
const LOWEST = 14;

export const volume = (shape) => (shape.length === 1 ? [shape[0], 1, 1] : shape);

// Columns of 56 px tiles that fit; twice as many of 28, half as many of 112, so that walls keep their width.
function columnsFor(tile, width, phone) {
  const base = Math.max(1, Math.floor((width - (phone ? 38 : 46)) / BASE_PITCH));
  return tile === 28 ? base * 2 : tile === 112 ? Math.max(1, base >> 1) : base;
}

// 56 px while a map has 56 cells or more a side, else 28; a layer that fits in one row of larger tiles takes those.
function tileFor(shape, choice, width, phone) {
  if (choice !== "auto") return Number(choice);
  const [maps, height, across] = volume(shape);
  if (phone) return 56;
  for (const tile of [112, 56]) if (maps <= columnsFor(tile, width, phone)) return tile;
  return Math.max(height, across) >= 56 ? 56 : 28;
}

export function wallOf(shape, count, choice, width, phone) {
  const tile = tileFor(shape, choice, width, phone);
  const columns = columnsFor(tile, width, phone);
  const gap = GAPS[tile];
  const pitch = tile + gap;
  const tall = tallOf(shape, tile);
  const rowPitch = tall + gap;
  const rows = Math.max(1, Math.ceil(count / columns));
  return { tile, tall, gap, pitch, rowPitch, columns, rows, count, width: columns * pitch - gap, height: rows * rowPitch - gap };
}

// A tile is square, but no taller than a map wider than high needs.
function tallOf(shape, tile) {
  const [, height, across] = volume(shape);
  return Math.max(LOWEST, Math.ceil(tile * Math.min(1, height / across)));
}

export const tileAt = (wall, x, y) => {
  const [column, row] = [Math.floor(x / wall.pitch), Math.floor(y / wall.rowPitch)];
  const index = row * wall.columns + column;
  const inside = column >= 0 && column < wall.columns && row >= 0 && index < wall.count;
  return inside ? index : null;
};

export const tilePlace = (wall, index) => ({ left: (index % wall.columns) * wall.pitch, top: Math.floor(index / wall.columns) * wall.rowPitch });

// How a map of height×width cells is drawn into `pixels` across (and `tall` down): enlarged or reduced by the largest
// whole factor that fits, and centred.
export function fitInto(height, width, pixels, tall = pixels) {
  const longest = Math.max(height, width);
  const enlarge = Math.max(1, Math.floor(pixels / longest));
  const reduce = Math.ceil(longest / pixels);
  const [drawnHeight, drawnWidth] =
    reduce > 1 ? [Math.ceil(height / reduce), Math.ceil(width / reduce)] : [height * enlarge, width * enlarge];
  return {
    enlarge: reduce > 1 ? 1 : enlarge,
    reduce,
    height: drawnHeight,
    width: drawnWidth,
    top: Math.max(0, Math.floor((tall - drawnHeight) / 2)),
    left: Math.floor((pixels - drawnWidth) / 2),
  };
}

// The same place in another layer: the cell whose middle lies at the same share of the height and width.
export function samePlace([y, x], [, fromHeight, fromWidth], [, height, width]) {
  const move = (at, from, to) => Math.min(to - 1, Math.floor(((at + 0.5) / from) * to));
  return [move(y, fromHeight, height), move(x, fromWidth, width)];
}

// The receptive field of a cell on the network's input: inclusive pixel bounds, possibly beyond the photo.
export function fieldOf(field, [y, x], [, height, width]) {
  if (!field || (!field.whole && !field.stride)) return null;
  if (field.whole) return { top: 0, left: 0, bottom: height - 1, right: width - 1, whole: true };
  const top = y * field.stride[0] - field.padding[0];
  const left = x * field.stride[1] - field.padding[1];
  return { top, left, bottom: top + field.size[0] - 1, right: left + field.size[1] - 1, whole: false };
}

const isLocal = (field) => Boolean(field?.stride) && !field.whole;

// The middle of a cell's receptive field on the network's input, in pixels.
export function pointOf(field, [y, x]) {
  if (!isLocal(field)) return null;
  return [y, x].map((at, axis) => at * field.stride[axis] - field.padding[axis] + (field.size[axis] - 1) / 2);
}

// The cell whose receptive field's middle is nearest to a pixel of the input.
export function cellAt(field, [py, px], [, height, width]) {
  if (!isLocal(field)) return null;
  const cell = (pixel, axis, cells) => {
    const at = (pixel + field.padding[axis] - (field.size[axis] - 1) / 2) / field.stride[axis];
    return Math.min(cells - 1, Math.max(0, Math.round(at)));
  };
  return [cell(py, 0, height), cell(px, 1, width)];
}
