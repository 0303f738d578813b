// Brings the compare page to life: joins state, numbers, photos, layers, triplets and the selected map. Holds no logic of theirs.

import { connection, fetchJson, runPath } from "./api.js";
import { largestCell } from "./compare-align.js";
import { createBar, keepLayer } from "./compare-bar.js";
import { createPair } from "./compare-data.js";
import { createDepth } from "./compare-depth.js";
import { createDetail } from "./compare-detail.js";
import { scalesOf } from "./compare-draw.js";
import { createLinks } from "./compare-links.js";
import { createTriplets, orderOf } from "./compare-triplets.js";
import { atNextFrame, element, find, findAll } from "./dom.js";
import { number, shape, whole } from "./format.js";
import { createKeys } from "./keys.js";
import { cellAt, samePlace, volume } from "./layout.js";
import { loadTables, paintScale } from "./lut.js";
import { createPhoto } from "./photo.js";
import { createStore } from "./state.js";
import { bindTheme } from "./theme-switch.js";
import { nameOf } from "./upload-offer.js";

const STEP_PAUSE = 1000;
const SORTS = ["change", "share", "index"];
const FRACTIONS = { 0.5: "half a cell", 0.25: "a quarter of a cell", 0.125: "an eighth of a cell" };

const data = JSON.parse(find("#page-data").textContent);
const { a, b, rows, shift } = data;
const rowOf = (name) => rows.find((row) => row.name === name || row.layers.includes(name)) ?? null;

const store = createStore({ ...data.view, border: data.view.border ?? data.defaults.border }, (name) => rowOf(name)?.name, {
  identity: ["a", "b", "image", "model", "image_b", "model_b", "right"],
  defaults: {
    size: null, fit: "crop", down: 0, turn: 0, zoom: 100, noise: 0, blur: 0, crop: 0, swap: false, back: true, border: data.defaults.border,
    layer: null, map: null, y: null, x: null, scale: "shared", sort: "change",
  },
  numbers: ["size", "down", "turn", "zoom", "noise", "blur", "crop", "border", "map", "y", "x"],
});
const pair = createPair(a, b, () => render());
const bar = createBar(store, a.model, { onAlign: (changes) => store.set(changes) });
const links = createLinks({ a, b }, pair);
const depth = createDepth(rows, { onSelect: (name) => go(name) });
const triplets = createTriplets({ onSelect: select, onHover: hover });
const detail = createDetail({ onProbe: (cell, how) => store.set({ y: cell[0], x: cell[1] }, history(how)), onHover: hover });
const pick = { volume: ({ shape: sides }) => volume(sides), pick: (cell) => store.set({ y: cell[0], x: cell[1] }) };
const pickB = { ...pick, pick: (cell) => pick.pick(ofA(cell)) };
const photos = [photoOf(a, "a", pick), b && photoOf(b, "b", pickB)];

let view = null;
let hold = false;
let lastStep = 0;

// A step of a walk by keys replaces the step before it, so that Back leaves the walk at once.
function history(how) {
  if (how !== "step") return how;
  const now = performance.now();
  const walking = now - lastStep < STEP_PAUSE;
  lastStep = now;
  return walking ? "replace" : "push";
}

function photoOf({ run }, letter, onPick) {
  const [size, place] = [find(`#field-size-${letter}`), find(`#field-place-${letter}`)];
  const say = (words) => {
    size.textContent = words ? `${words.size}${words.padded ? ", padded" : ""}` : "";
    place.textContent = words?.place ?? "";
  };
  return createPhoto(run.input.shape, { onPick, host: find(`#photo-${letter}`), say });
}

const alignNow = ({ back, border }) => ({ shift: back ? shift.join(",") : "0,0", border });

function select(map, cell, how) {
  const place = cell ? { y: cell[0], x: cell[1] } : map === store.get().map ? {} : { y: null, x: null };
  store.set({ map, ...place }, history(how));
}

// Another layer: the same place of the photo, the map that changes most there.
function go(name, map = null) {
  const [row, from] = [rowOf(name), rowOf(store.get().layer)];
  if (!row?.available) return;
  const { y, x } = store.get();
  const cell = y === null || !from || row === from ? [null, null] : samePlace([y, x], volume(from.shape), volume(row.shape));
  triplets.toTop();
  store.set({ layer: row.name, map, y: cell[0], x: cell[1] });
}

// All that the page's parts need to know of the present state.
function viewOf(state) {
  const row = rowOf(state.layer);
  if (!row) return null;
  const align = alignNow(state);
  const chosen = pair.chosen(row, align);
  const maps = chosen.numbers?.maps ?? null;
  const layers = [hold && chosen.b ? chosen.b : chosen.a, chosen.b, chosen.difference];
  const scales = scalesOf(chosen, state.scale);
  if (hold && chosen.b) scales.shades[0] = scales.shades[1];
  const [count, height, width] = volume(row.shape);
  return {
    ...scales, row, name: row.name, layers, hold, by: chosen.by, numbers: chosen.numbers, problem: chosen.problem,
    order: orderOf(maps, count, state.sort), byMap: maps && new Map(maps.map((map) => [map.index, map])),
    map: state.map, sort: state.sort, cell: state.y === null ? null : [state.y, state.x], flat: height * width === 1,
    key: [row.name, align.shift, align.border, state.scale, hold, layers.map(Boolean), Boolean(maps), document.documentElement.dataset.theme, scales.changes?.name, scales.reference(0) , scales.changed(0)].join(" "),
    values: state.map === null || layers[0]?.maps <= state.map ? [null, null] : pair.values(row, state.map),
    expected: [true, Boolean(b)],
  };
}

// Where the address leaves it open: the map that changes most, and the place where it does.
function complete() {
  const { map, y, x } = store.get();
  const { numbers, layers: [ours, , difference], order } = view;
  if (b ? !numbers || !difference : !ours) return false;
  if (map !== null && y !== null) return false;
  const k = map ?? order[0];
  const changed = difference && difference.full[k] > 0 ? difference : ours;
  const cell = y === null ? largestCell(changed, k) : [y, x];
  store.set({ map: k, y: cell[0], x: cell[1] }, "silent");
  return true;
}

const render = atNextFrame(() => {
  const state = store.get();
  const align = alignNow(state);
  bar.render(state);
  const layers = pair.overview(align);
  depth.render(layers.value, state.layer, { shift: state.back ? shift : [0, 0], border: state.border });
  view = viewOf(state);
  if (view && complete()) return;
  if (view) show(state, align, layers);
  const settled = layers.problem || (layers.current && (!view || view.problem || isSettled()));
  document.body.dataset.state = settled ? "ready" : "loading";
});

function isSettled() {
  const present = b ? view.layers.every(Boolean) : view.layers[0];
  return present && detail.isSettled() && photos.every((photo) => photo?.isSettled() ?? true);
}

let revealed = data.view.map === null;

function show(state, align, layers) {
  triplets.render(view);
  if (!revealed && (view.byMap || !b)) (revealed = true), triplets.reveal(view.map);
  detail.render(view);
  links(view, align);
  showPlace(view.cell, false);
  heading(align);
  showScales(state);
  fault();
  document.title = view.map === null ? document.title : `${view.name} : ${view.map}, ${a.name}${b ? ` and ${b.name}` : ""} · convscope`;
}

function heading({ shift: moved }) {
  const { row, numbers } = view;
  find("#layer-name").textContent = row.name;
  find("#layer-function").textContent = row.function ? `after ${row.function}` : row.operation;
  find("#layer-shape").textContent = shape(row.shape);
  find("#layer-note").textContent = !b ? "" : !numbers ? "computing" : numbers.norm === 0 ? `equal, ${numbers.equal ? "bit for bit" : "but for the sign of zeros"}` : moveText(numbers.move, moved);
  const choice = find("#layer-select");
  if (choice.value !== row.name) choice.value = row.name;
}

function moveText({ cells, by, whole: exact }, moved) {
  if (moved === "0,0") return shift.some(Boolean) ? "B is not moved back" : "";
  if (!cells) return "its cells do not move with the photo";
  if (exact) return "B is moved back by whole cells";
  const axis = cells.findIndex((part) => part % 1 !== 0);
  const pixels = Math.abs(shift[axis]);
  const part = Math.abs(cells[axis]);
  const are = pixels === 1 ? "is" : "are";
  const words = FRACTIONS[part] ? `${pixels} px ${are} ${FRACTIONS[part]} here` : `${pixels} px ${are} ${number(part, 3).replace(/\.?0+$/, "")} cells here`;
  return `${words}: B ${by.some(Boolean) ? "is moved back by the nearest whole cells" : "cannot be moved back"}`;
}

function showScales({ scale }) {
  for (const choice of findAll('[name="scale"]')) choice.checked = choice.value === scale;
  find("#sort").value = store.get().sort;
  paintScale(find("#scale-values"), view.table);
  paintScale(find("#scale-difference"), view.changes);
  const k = view.map ?? 0;
  const [values, changes] = [view.reference(k), view.changed(k)].map((value) => (value === 0 ? "0" : value >= 100 ? whole(value) : number(value, value >= 1 ? 2 : 4)));
  find("#low").textContent = view.signed ? `−${values}` : "0";
  find("#high").textContent = view.signed ? `+${values}` : values;
  const is = view.layers[2] !== null;
  for (const part of [find("#scale-difference"), find(".scales .second")]) part.style.visibility = is ? "" : "hidden";
  find("#difference-low").textContent = !is ? "" : changes === "0" ? "0" : `−${changes}`;
  find("#difference-high").textContent = !is ? "" : changes === "0" ? "0" : `+${changes}`;
}

function fault() {
  const line = find("#layer-fault");
  line.hidden = !view.problem || view.problem.unreachable;
  if (line.hidden) return;
  find("strong", line).textContent = `${view.problem.title}.`;
  find("strong + span", line).textContent = view.problem.detail ?? "";
}

// A row as the two photos know it: one block a side.
const blockPairs = new Map();
function blocksOf(row) {
  const { name, shape: sides, receptive_field: ours, receptive_field_b: theirs } = row;
  if (!blockPairs.has(row)) blockPairs.set(row, [ours, theirs].map((field) => ({ name, shape: sides, receptive_field: field })));
  return blockPairs.get(row);
}

// The photos' receptive fields for a cell of A; B's lies where the cell that was laid on it came from.
function showPlace(cell, hovering) {
  const blocks = blocksOf(view.row);
  const cellB = cell && (view.by ? cell.map((at, axis) => at + view.by[axis]) : cell);
  [cell, cellB].forEach((at, index) => {
    if (hovering) photos[index]?.hover(blocks[index], at);
    else photos[index]?.show(blocks[index], at);
  });
}

// Hovering marks a place everywhere and changes nothing; leaving returns to the probe.
function hover(cell) {
  if (!view || view.flat) return;
  const at = cell ?? view.cell;
  triplets.cross(at);
  detail.mark(at, Boolean(cell));
  if (cell) showPlace(cell, true);
  else for (const photo of photos) photo?.hover(null, null);
}

// A pixel of a photo marks the cell that looks at it in every map.
function bindPhotos() {
  photos.forEach((photo, index) => {
    photo?.host.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse" || !view) return;
      const block = blocksOf(view.row)[index];
      const cell = cellAt(block.receptive_field, photo.pixelOf(event), volume(block.shape));
      hover(cell && index === 1 ? ofA(cell) : cell);
    });
    photo?.host.addEventListener("pointerleave", () => hover(null));
  });
}

// The cell of A on which a cell of B was laid.
function ofA(cell) {
  const [, height, width] = volume(view.row.shape);
  return cell.map((at, axis) => Math.min([height, width][axis] - 1, Math.max(0, at - (view.by?.[axis] ?? 0))));
}

function setHold(on) {
  if (hold === on || !b) return;
  hold = on;
  find("#photo-a img").src = on ? b.input : a.input;
  render();
}

function stepLayer(by) {
  const usable = rows.filter((row) => row.available);
  const next = usable[usable.findIndex(({ name }) => name === store.get().layer) + by];
  if (next) go(next.name);
}

const cycle = (values, value) => values[(values.indexOf(value) + 1) % values.length];

let finder = null;
async function openFinder() {
  finder ??= import("./finder.js").then(({ createFinder }) => createFinder(rows, { go }));
  (await finder).open();
}

createKeys({
  find: openFinder,
  letters: { x: bar.swap, b: () => setHold(true) },
  normalise: () => store.set({ scale: store.get().scale === "shared" ? "each" : "shared" }),
  sort: () => store.set({ sort: cycle(SORTS, store.get().sort) }),
  layer: stepLayer,
  map: (by) => triplets.step(by),
  escape: bar.closeMenu,
});
addEventListener("keyup", ({ key }) => key.toLowerCase() === "b" && setHold(false));
addEventListener("blur", () => setHold(false));

// What saves and copies is loaded when it is first asked for.
let saving = null;
async function save(name) {
  const now = () => ({ view, overview: pair.overview(alignNow(store.get())).value });
  saving ??= import("./compare-save.js").then(({ createSave }) => createSave(store, { a, b }, now));
  (await saving)[name]();
}

function bindControls() {
  for (const button of findAll('[data-action^="save"], [data-action="copy-link"]')) {
    button.hidden = false;
    button.addEventListener("click", () => save(button.dataset.action));
  }

  find("#sort").addEventListener("change", ({ target }) => (triplets.toTop(), store.set({ sort: target.value })));
  for (const choice of findAll('[name="scale"]')) choice.addEventListener("change", () => store.set({ scale: choice.value }));
  const select_ = find("#layer-select");
  select_.replaceChildren(...rows.map((row) => element("option", { value: row.name, disabled: !row.available }, row.status ? `${row.name}, ${row.status}` : row.name)));
  select_.addEventListener("change", () => go(select_.value));
  find("#layer-fault .btn").addEventListener("click", () => pair.retry());
  for (const [name, by] of [["previous-map", -1], ["next-map", 1]]) find(`[data-action="${name}"]`).addEventListener("click", () => triplets.step(by));
  const opener = find("#open-find");
  opener.hidden = false;
  opener.addEventListener("click", openFinder);
  const [sheet, handle] = [find("#detail"), find("#sheet-handle")];
  handle.addEventListener("click", () => handle.setAttribute("aria-expanded", String(sheet.classList.toggle("full"))));
}

function bindConnection() {
  const line = find("#server-message");
  const say = (down) => {
    line.hidden = !down;
    find("strong", line).textContent = "The server does not answer.";
    find("strong + span", line).textContent = "What is on the page stays; new layers wait.";
  };
  connection.addEventListener("down", () => say(true));
  connection.addEventListener("up", () => say(false));
  find(".btn", line).addEventListener("click", async () => {
    await fetchJson(runPath(a.run)).catch(() => {});
    if (line.hidden) pair.retry();
  });
}

// The names of a visitor's own files are known to this tab alone.
function nameSides() {
  for (const [side, id] of [[a, "#menu-a"], [b, "#menu-b"]]) {
    const name = side && nameOf(side.run.image);
    if (name) (side.name = name, find(".name", find(id)).textContent = name);
  }
}

async function start() {
  nameSides();
  bindControls();
  bindConnection();
  bindPhotos();
  bindTheme(render);
  keepLayer(store);
  if (location.search) window.history.replaceState(null, "", store.address());
  if (!b) depth.invite("Choose B to see in which layer the two part.");
  store.subscribe(() => {
    document.body.dataset.state = "loading";
    render();
  });
  await loadTables();
  for (const image of findAll(".side img")) image.addEventListener("load", render);
  new ResizeObserver(render).observe(find("#triplets-scroll"));
  render();
}

start();
