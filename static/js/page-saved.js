// A view saved as one file: draws its layers from the bytes in the file. Knows no server.

import { drawMap, drawWall } from "./atlas.js";
import { colour, element, find, findAll, place } from "./dom.js";
import { decimalsFor, number, percent } from "./format.js";
import { fieldOf, tileAt, tilePlace, wallOf } from "./layout.js";
import { loadTables, paintScale, tableFor } from "./lut.js";
import { parseQuantised, valueAt } from "./quantised.js";
import { referencesOf, shadesOf } from "./tone.js";

const BIG = 280;
const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

const data = JSON.parse(find("#data").textContent);
const rows = new Map(data.layers.map((row) => [row.name, row]));
const state = { colour: "auto", norm: "map", clip: 100, blend: 0, gamma: 1, low: null, high: null, chosen: null };
const layers = new Map();

// A layer's bytes, read once from the text that holds them.
function layerOf(name) {
  if (!layers.has(name)) layers.set(name, read(find(`[data-bytes="${name}"]`).textContent));
  return layers.get(name);
}

async function read(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return parseQuantised(await new Response(stream).arrayBuffer());
}

const coloursOf = (layer) => {
  const table = tableFor(state.colour, layer.signed);
  const references = referencesOf(layer, state, 0);
  return { table, references, shadeFor: shadesOf(layer, references, table, state) };
};

function createWall(node) {
  const name = node.dataset.layer;
  const [host, canvas, mark] = [".wall", ".wall canvas", ".mark"].map((selector) => find(selector, node));
  const { shape } = rows.get(name);
  const order = Array.from({ length: shape[0] }, (_, k) => k);
  let [wall, seen] = [null, false];

  async function draw() {
    wall = wallOf(shape, order.length, "auto", find("#layers").clientWidth, innerWidth < 760);
    place(host, { width: wall.width, height: wall.height });
    markMap();
    if (!seen) return;
    const layer = await layerOf(name);
    const ratio = devicePixelRatio;
    drawWall(canvas, layer, wall, order, [0, wall.rows], ratio, coloursOf(layer).shadeFor, colour("--hatch"));
    place(canvas, { width: canvas.width / ratio, height: canvas.height / ratio });
    Object.assign(canvas.dataset, { layer: name, tile: wall.tile, gap: wall.gap, columns: wall.columns, order: order.join(","), view: `${state.colour} ${state.norm}` });
  }

  function markMap() {
    mark.hidden = state.chosen?.name !== name;
    if (!mark.hidden) place(mark, { ...tilePlace(wall, state.chosen.k), width: wall.tile, height: wall.tall });
  }

  // Drawn when it comes near: a file may hold thousands of maps.
  function see() {
    seen = true;
    return draw();
  }

  host.addEventListener("click", (event) => {
    const k = tileAt(wall, event.offsetX, event.offsetY);
    if (k !== null) choose({ name, k, ...placeOf(name, k) });
  });
  host.addEventListener("keydown", (event) => {
    const [down, across] = MOVES[event.key] ?? [0, 0];
    if (!down && !across) return;
    event.preventDefault();
    const from = state.chosen?.name === name ? state.chosen.k : 0;
    const k = Math.min(order.length - 1, Math.max(0, from + down * wall.columns + across));
    choose({ name, k, ...placeOf(name, k) });
  });
  return { node, draw, markMap, see };
}

// Where a map is largest.
function placeOf(name, k) {
  const [y, x] = rows.get(name).maps[k].argmax ?? [0, 0];
  return { y, x };
}

const walls = findAll(".layer").map(createWall);
const big = find("#big");

async function choose(chosen) {
  state.chosen = chosen;
  for (const wall of walls) wall.markMap();
  await showOne();
}

async function showOne() {
  const { name, k } = state.chosen;
  const layer = await layerOf(name);
  if (state.chosen.name !== name || state.chosen.k !== k) return;
  find("#one").hidden = false;
  find("#one-title").textContent = `${name} : ${k}`;
  const { table, references, shadeFor } = coloursOf(layer);
  const canvas = find("canvas", big);
  drawMap(canvas, layer, k, BIG, shadeFor(k));
  Object.assign(canvas.dataset, { layer: name, map: k });
  showScale(layer, table, references(k));
  showStatistics(rows.get(name).maps[k]);
  showCell(layer);
}

function showScale(layer, table, reference) {
  paintScale(find(".scale canvas"), table);
  const middle = layer.signed || table.kind === "diverging";
  const end = number(reference, decimalsFor(reference, 2));
  find("#scale-left").textContent = middle ? `−${end}` : "0";
  find("#scale-middle").textContent = middle ? "0" : "";
  find("#scale-right").textContent = end;
}

function showStatistics({ min, max, mean, std, zeros, argmax }) {
  const text = (value) => (value === null ? "–" : number(value, decimalsFor(Math.abs(value), 2)));
  const entries = { Max: text(max), "at row, col": argmax?.join(", ") ?? "–", Min: text(min), Zeros: percent(zeros), Mean: text(mean), Std: text(std) };
  find("#statistics").replaceChildren(...Object.entries(entries).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

// The value of the chosen cell, its mark on the map and what it sees of the photo.
function showCell(layer) {
  const { name, k, y, x } = state.chosen;
  const canvas = find("canvas", big);
  const side = canvas.width / layer.width;
  place(find(".cell", big), { left: x * side, top: (y * canvas.height) / layer.height, width: Math.max(side, 3), height: Math.max(canvas.height / layer.height, 3) });
  const value = valueAt(layer, k, y * layer.width + x);
  const step = layer.full[k] / (layer.signed ? 254 : 510);
  const decimals = decimalsFor(layer.full[k], 2);
  find("#reading").textContent = `row ${y}, column ${x}: ${number(value, decimals)} ± ${number(step, decimals)}`;
  big.dataset.value = value;
  showField(fieldOf(rows.get(name).receptive_field, [y, x], data.input));
}

function showField(field) {
  const mark = find(".field");
  mark.hidden = field === null;
  if (field === null) return;
  const scale = find("#photo img").clientWidth / data.input[2];
  const [height, width] = [field.bottom - field.top + 1, field.right - field.left + 1].map((side) => side * scale);
  place(mark, { left: field.left * scale, top: field.top * scale, width, height });
}

function moveTo(y, x, layer) {
  const [row, column] = [Math.min(layer.height - 1, Math.max(0, y)), Math.min(layer.width - 1, Math.max(0, x))];
  state.chosen = { ...state.chosen, y: row, x: column };
  showCell(layer);
}

big.addEventListener("pointermove", async (event) => {
  const layer = await layerOf(state.chosen.name);
  const canvas = find("canvas", big);
  moveTo(Math.floor((event.offsetY * layer.height) / canvas.height), Math.floor((event.offsetX * layer.width) / canvas.width), layer);
});
big.addEventListener("keydown", async (event) => {
  if (!(event.key in MOVES)) return;
  event.preventDefault();
  const [down, across] = MOVES[event.key];
  moveTo(state.chosen.y + down, state.chosen.x + across, await layerOf(state.chosen.name));
});

for (const name of ["colour", "norm"]) {
  find(`#${name}`).addEventListener("change", (event) => {
    state[name] = event.target.value;
    redraw();
  });
}

async function redraw() {
  await Promise.all(walls.map((wall) => wall.draw()));
  if (state.chosen) await showOne();
}

async function start() {
  await loadTables(`data:application/json,${encodeURIComponent(find("#tables").textContent)}`);
  await redraw();
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
        watch.unobserve(target);
        walls.find((wall) => wall.node === target).see();
      }
    },
    { rootMargin: "600px" },
  );
  await walls[0]?.see();
  for (const wall of walls) watch.observe(wall.node);
  addEventListener("resize", redraw);
  document.body.dataset.state = "ready";
}

start();
