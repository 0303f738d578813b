// Blocks of numbers as coloured cells: a grid with text where it fits, a canvas where it does not, and their scale.
// Knows nothing of layers or of the service.

import { cellText, columnFormat, decimalsFor, fixed } from "./microscope-numbers.js";

// Relative luminance at which black and white text contrast equally (WCAG 2.2).
const TEXT_TURNS = 0.179;
export const WIDEST_CELL = 58;
const SMALLEST_WITH_TEXT = 26;
const MOST_CELLS = 64;

export function element(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

export function attributes(node, values) {
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  return node;
}

/** The range of one column of figures: symmetric about zero where signed, else from zero. */
export class Scale {
  constructor(values, signed, lut) {
    let largest = 0;
    for (const value of values) largest = Math.max(largest, Math.abs(value));
    this.signed = signed;
    this.largest = largest;
    this.lut = lut;
  }

  index(value) {
    if (this.largest === 0) return this.signed ? 128 : 0;
    const share = value / this.largest;
    const entry = this.signed ? 128 + share * 127 : share * 255;
    return Math.max(0, Math.min(255, Math.round(entry)));
  }

  colour(value) {
    const at = this.index(value) * 3;
    return [this.lut[at], this.lut[at + 1], this.lut[at + 2]];
  }

  /** `±0.575` or `0 to 2,837`. */
  text() {
    const end = fixed(this.largest, decimalsFor(this.largest));
    return this.signed ? `±${end}` : `0 to ${end}`;
  }
}

function luminance(rgb) {
  const [red, green, blue] = rgb.map((byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function textColour(rgb) {
  return luminance(rgb) > TEXT_TURNS ? "#000" : "#fff";
}

/** How a kh×kw block is drawn in `width` pixels: text cells, or a canvas of `factor` pixels a cell. */
export function cellSize(rows, columns, width) {
  const cell = Math.min(WIDEST_CELL, Math.floor(width / columns));
  if (cell < SMALLEST_WITH_TEXT || rows * columns > MOST_CELLS) {
    const factor = Math.min(32, Math.floor(width / columns));
    const reduce = factor >= 1 ? 1 : Math.ceil(columns / width);
    return { text: false, factor: Math.max(1, factor), reduce };
  }
  const height = cell >= 44 ? 32 : cell >= 32 ? 26 : 21;
  return { text: true, width: cell, height: width < 130 ? Math.min(height, cell >= 36 ? 21 : 22) : height, font: cell >= 44 ? 11.5 : 10.5 };
}

/** A block of values as an element. `inside[y][x]` false marks zero padding; `pick(y, x)` makes cells answer. */
export function block(values, options) {
  const size = cellSize(values.length, values[0].length, options.width);
  return size.text ? textBlock(values, size, options) : canvasBlock(values, size, options);
}

function textBlock(values, size, { scale, label, inside, pick, probe, column }) {
  const grid = element("div", `ms-grid${probe ? " ms-probe" : ""}`);
  grid.style.setProperty("--ms-cell-w", `${size.width}px`);
  grid.style.setProperty("--ms-cell-h", `${size.height}px`);
  grid.style.setProperty("--ms-cell-f", `${size.font}px`);
  const format = columnFormat(column ?? values.flat(), size.width - 2, size.font);
  values.forEach((row, y) => {
    const line = element("div", "ms-grid-row");
    row.forEach((value, x) => line.append(textCell(value, { y, x, scale, format, padding: inside && !inside[y][x] })));
    grid.append(line);
  });
  if (pick) makePickable(grid, label, pick);
  else describe(grid, values, label);
  return grid;
}

function textCell(value, { y, x, scale, format, padding }) {
  const cell = element("span", padding ? "ms-cell ms-padding" : "ms-cell");
  cell.dataset.y = y;
  cell.dataset.x = x;
  cell.title = padding ? "zero padding" : fixed(value, 6);
  cell.textContent = format ? cellText(value, format) : "";
  if (!padding) {
    const rgb = scale.colour(value);
    cell.style.backgroundColor = `rgb(${rgb.join(" ")})`;
    cell.style.color = textColour(rgb);
  }
  return cell;
}

function describe(node, values, label) {
  const numbers = values.flat();
  const text = numbers.length <= 16 ? numbers.map((value) => fixed(value, 4)).join(", ") : `${numbers.length} values`;
  attributes(node, { role: "img", "aria-label": `${label}: ${text}` });
}

// One tab stop a grid; arrows walk inside it, Enter explains the cell.
function makePickable(grid, label, pick) {
  attributes(grid, { role: "grid", "aria-label": label });
  const cells = [...grid.querySelectorAll(".ms-cell")];
  const columns = grid.firstElementChild.children.length;
  for (const row of grid.children) row.setAttribute("role", "row");
  for (const cell of cells) attributes(cell, { role: "gridcell", tabindex: "-1" });
  cells[0].tabIndex = 0;
  const act = (cell) => !cell.classList.contains("ms-padding") && pick(Number(cell.dataset.y), Number(cell.dataset.x));
  grid.addEventListener("click", (event) => {
    const cell = event.target.closest(".ms-cell");
    if (cell) act(cell);
  });
  grid.addEventListener("keydown", (event) => {
    const at = cells.indexOf(event.target);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (at < 0 || (!step && event.key !== "Enter")) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") act(cells[at]);
    else focusCell(cells, at, at + step);
  });
}

function focusCell(cells, from, to) {
  if (!cells[to]) return;
  cells[from].tabIndex = -1;
  cells[to].tabIndex = 0;
  cells[to].focus();
}

/** The mean of `reduce`×`reduce` values, so that a large window fits; whole factors only. */
export function reduced(values, reduce) {
  if (reduce === 1) return values;
  const rows = [];
  for (let y = 0; y < values.length; y += reduce) {
    const row = [];
    for (let x = 0; x < values[0].length; x += reduce) row.push(meanOf(values, y, x, reduce));
    rows.push(row);
  }
  return rows;
}

function meanOf(values, top, left, reduce) {
  let sum = 0;
  let terms = 0;
  for (let y = top; y < Math.min(top + reduce, values.length); y += 1) {
    for (let x = left; x < Math.min(left + reduce, values[0].length); x += 1) {
      sum += values[y][x];
      terms += 1;
    }
  }
  return sum / terms;
}

/** Values as pixels, each `factor` wide, nearest neighbour. */
export function paint(values, scale, factor, inside = null) {
  const rows = values.length;
  const columns = values[0].length;
  const canvas = element("canvas", "ms-canvas");
  canvas.width = columns;
  canvas.height = rows;
  canvas.style.width = `${columns * factor}px`;
  canvas.style.height = `${rows * factor}px`;
  const image = new ImageData(columns, rows);
  values.forEach((row, y) =>
    row.forEach((value, x) => {
      const opaque = !inside || inside[y][x];
      image.data.set([...scale.colour(value), opaque ? 255 : 0], (y * columns + x) * 4);
    }),
  );
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function canvasBlock(values, size, { scale, label, inside, pick, probe }) {
  const drawn = reduced(values, size.reduce);
  const canvas = paint(drawn, scale, size.factor, size.reduce === 1 ? inside : null);
  const frame = element("div", `ms-figure${probe ? " ms-probe" : ""}`, canvas);
  describe(canvas, values, label);
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const y = Math.floor(((event.clientY - box.top) / box.height) * values.length);
    const x = Math.floor(((event.clientX - box.left) / box.width) * values[0].length);
    return values[y]?.[x] === undefined ? null : [y, x];
  };
  frame.addEventListener("pointermove", (event) => {
    const at = place(event);
    canvas.title = at ? `row ${at[0]}, column ${at[1]}: ${fixed(values[at[0]][at[1]], 4)}` : "";
  });
  if (pick) {
    frame.classList.add("ms-pickable");
    frame.addEventListener("click", (event) => {
      const at = place(event);
      if (at && (!inside || inside[at[0]][at[1]])) pick(...at);
    });
  }
  return frame;
}

/** The scale bar of one column: its two ends written out, the colours between. */
export function scaleBar(name, scale) {
  const canvas = element("canvas", "ms-scale-bar");
  canvas.width = 256;
  canvas.height = 1;
  const image = new ImageData(256, 1);
  for (let i = 0; i < 256; i += 1) {
    const at = Math.max(scale.signed ? 1 : 0, i) * 3;
    image.data.set([scale.lut[at], scale.lut[at + 1], scale.lut[at + 2], 255], i * 4);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  const end = fixed(scale.largest, decimalsFor(scale.largest));
  attributes(canvas, { role: "img", "aria-label": `Colours of ${name.toLowerCase()}, ${scale.text()}` });
  return element(
    "div",
    "ms-scale",
    element("span", "", name),
    element("span", "ms-right", scale.signed && scale.largest > 0 ? `−${end}` : "0"),
    canvas,
    element("span", "ms-right", end),
  );
}
