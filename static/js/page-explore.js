// Brings the explorer page to life: joins state, layers, column, tower, photo and inspector. Holds no logic of theirs.

import { connection, fetchJson, runPath } from "./api.js";
import { createColumn, isOpen, toggled } from "./column.js";
import { bindControls, bindPanels, showColour } from "./controls.js";
import { atNextFrame, find, findAll, isNarrow, isPhone, once } from "./dom.js";
import { createFires } from "./fires.js";
import { whole } from "./format.js";
import { createInspector } from "./inspector.js";
import { createKeys } from "./keys.js";
import { createExact, createLayers } from "./layers.js";
import { samePlace, volume } from "./layout.js";
import { loadTables, tableFor } from "./lut.js";
import { createPhoto } from "./photo.js";
import { canSort, deadCount, loadSorts, orderName, strongest } from "./sorting.js";
import { createStore } from "./state.js";
import { bindTheme } from "./theme-switch.js";
import { canTone, loadTones, rangeOf } from "./tone.js";
import { createTower } from "./tower.js";
import { bindUpload, nameOf } from "./upload-offer.js";

const STEP_PAUSE = 1000;
const NORMS = ["map", "layer", "network"];
const SORTS = ["index", "max", "mean", "variance", "active", "zeros"];

const data = JSON.parse(find("#page-data").textContent);
const { run, model, blocks } = data;
const unedited = run.id;
const blockOf = (name) => blocks.find((block) => block.name === name || block.layers.includes(name)) ?? null;

const store = createStore({ ...data.view, image: run.image, model: run.model_name, fit: run.fit }, (name) => blockOf(name)?.name);
const layers = createLayers(run);
const exact = createExact(run);
const column = createColumn(blocks, store, layers, exact, { select, onDraw: afterDraw, onLayout: () => edits?.mark() });
const inspector = createInspector(run, store, column, exact, { blockOf, onProbe, onMap: (block, k, how) => select(block, k, how), onHover: (block, cell) => links?.hover(block && { block, cell, from: "map" }), onChange: () => afterDraw() });
const pick = { volume: (block) => volume(block.shape), pick: (cell) => onProbe(cell, "push") };
const photo = createPhoto(run.input.shape, { onPick: pick });
const tower = createTower(column, { go: (name) => go(name) });
const fires = createFires(store, exact, { onSelect: (map) => select(blockOf(store.get().layer), map, "push") });
const upload = bindUpload(store, model);
const showControls = bindControls(store, { fixedRange, sortBy, refit: (fit) => upload().then(({ show, refuse }) => show(run.image, { fit }).catch((problem) => (refuse("This fit", problem), showControls(store.get())))) });
const panels = bindPanels({ onLayout: () => relayout() });

let lastStep = 0;
let edits = null;
let editing = 0;
let links = null;
let wasMarked = false;

// A step of a walk by keys replaces the step before it, so that Back leaves the walk at once.
function history(how) {
  if (how !== "step") return how;
  const now = performance.now();
  const walking = now - lastStep < STEP_PAUSE;
  lastStep = now;
  return walking ? "replace" : "push";
}

// Chooses a map; in another layer the probe keeps its place on the photo.
function select(block, map, how, more = {}) {
  const { layer, y, x } = store.get();
  const from = blockOf(layer);
  const cell = y === null || !from ? [null, null] : samePlace([y, x], volume(from.shape), volume(block.shape));
  store.set({ layer: block.name, map, y: cell[0], x: cell[1], inspector: "open", ...more }, history(how));
  if (how === "step") column.reveal(block.name, map);
}

// By likeness: to the map that is selected now.
function sortBy(sort) {
  const { layer, map } = store.get();
  store.set({ sort, like: sort === "like" ? `${layer}:${map ?? 0}` : "" });
}

// Bookmarks, loaded with the first.
const withMarks = once(async () => (await import("./marks.js")).createMarks({ store, column, blockOf, go }));
const mark = async () => (await withMarks()).toggle();

// The range of the chosen layer, in three digits, to start a fixed one from.
function fixedRange() {
  const layer = inspector.selection()?.layer;
  const high = layer ? Number(rangeOf(layer).toPrecision(3)) : 1;
  return { low: layer?.signed ? -high : 0, high };
}

// Loads the orders and the tones that a view needs and the page lacks; null where it has them.
function ready(state) {
  const missing = [!canSort(orderName(state)) && loadSorts(), !canTone(state) && loadTones()].filter(Boolean);
  return missing.length ? Promise.all(missing) : null;
}

// A place that is chosen stays marked in every map; one dragged or stepped to stays as it was.
function onProbe([y, x], how) {
  store.set({ y, x, ...(how === "push" && { pin: true }) }, history(how));
}

// What only a hand can reach is loaded at the first move of the pointer or of the focus.
async function bindHands() {
  withLinks();
  const [{ bindTower }, { bindHandle }] = await Promise.all([import("./tower-hands.js"), import("./sheet-hands.js")]);
  tower.bind(bindTower);
  panels.bind(bindHandle);
  removeEventListener("click", repeatLater, { capture: true });
}

const hands = once(bindHands);

// A click that comes before what it needs waits for it.
function repeatLater(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !event.target.closest("#tower .box, #sheet-handle")) return;
  event.preventDefault();
  event.stopPropagation();
  hands().then(() => event.target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true })));
}

// Linked views, for a hand or a marked place.
const withLinks = once(async () => {
  const { createLinks } = await import("./linked.js");
  const chosen = () => ({ block: blockOf(store.get().layer), state: store.get() });
  const fire = (y, x) => fires.render(y === null || !inspector.selection() ? inspector.selection() : { ...inspector.selection(), y, x, passing: true });
  links = createLinks({ column, photo, inspector, shape: run.input.shape, chosen, fire, pin: (pin) => store.set({ pin }), onPick: (cell) => onProbe(cell, "push") });
  afterDraw();
});

function go(name, map = null) {
  const block = blockOf(name);
  if (!block?.available) return;
  const { fold, map: present } = store.get();
  const unfolded = isOpen(block, fold) ? {} : { fold: toggled(fold, block.name) };
  select(block, map ?? Math.min(present ?? 0, block.shape[0] - 1), "push", unfolded);
  column.scrollTo(block.name, { smooth: true, map });
}

// Where the address leaves it open: the strongest map, and the place of its largest value.
function complete() {
  const { layer, map, y } = store.get();
  const block = blockOf(layer);
  const values = block && column.data(block);
  if (!values || (map !== null && y !== null)) return;
  const k = map ?? strongest(values);
  const cells = values.height * values.width;
  const bytes = values.bytes.subarray(k * cells, (k + 1) * cells);
  const at = bytes.reduce((best, byte, index) => (byte > bytes[best] ? index : best), 0);
  store.set({ map: k, y: Math.floor(at / values.width), x: at % values.width }, "silent");
}

const render = atNextFrame(() => {
  const state = store.get();
  showControls(state);
  column.render();
  inspector.render();
  const chosen = inspector.selection();
  fires.render(chosen);
  if (state.map !== null) document.title = `${state.layer} : ${state.map} of ${model.title}, ${find("#image-name").textContent} · convscope`;
  edits?.show(state);
  photo.show(blockOf(state.layer), state.y === null ? null : [state.y, state.x]);
  tower.select(state.layer);
  const signed = chosen?.layer.signed ?? state.show === "before";
  showColour(tableFor(state.colour, signed), tableFor("auto", signed), state.colour);
  links?.refresh();
  showOverlay(chosen);
  find('[data-action="mark"]').setAttribute("aria-pressed", String(state.marks.includes(`${state.layer}:${state.map}`)));
  if (state.marks.length > 0 || wasMarked) withMarks().then((marks) => marks.render());
  wasMarked = state.marks.length > 0;
  find("#dead-count").textContent = chosen ? `${whole(deadCount(chosen.layer))} of ${whole(chosen.layer.maps)}` : "";
  afterDraw();
});

// The map over the photo, loaded when it is first asked for.
let overlay = null;
async function showOverlay(chosen) {
  if (!overlay && store.get().overlay === 0) return;
  overlay ??= import("./overlay.js").then(({ createOverlay }) => createOverlay(photo.host, run.input.shape));
  (await overlay)(chosen);
}

function relayout() {
  tower.fit();
  column.layout();
  photo.refresh();
  render();
}

function afterDraw() {
  tower.showSeen();
  links?.draw();
  const state = store.get();
  const settled = editing === 0 && column.isSettled() && inspector.isSettled() && photo.isSettled() && (links || !state.pin) && canSort(orderName(state)) && canTone(state);
  document.body.dataset.state = settled ? "ready" : "loading";
}

function onState(state, changed, origin) {
  document.body.dataset.state = "loading";
  if (state.pin) withLinks();
  ready(state)?.then(relayout);
  if (["sort", "like", "tile", "dead", "fold", "inspector", "show", "diff"].some((key) => changed.has(key))) {
    find("#app").classList.toggle("alone", state.inspector === "closed");
    column.layout();
  } else if (changed.has("layer") || changed.has("map")) column.layout();
  if (["edits", "edit", "diff"].some((key) => changed.has(key))) edit((made) => made.follow(state));
  if (origin === "history" && changed.has("layer")) column.scrollTo(state.layer, { map: state.map });
  column.want();
  if (changed.has("camera")) film(state);
  if (changed.has("explain")) explain(state);
  else if (state.explain && ["layer", "map", "y", "x", "slide"].some((key) => changed.has(key)) && origin === "history") explain(state);
  complete();
  render();
}

layers.subscribe((name, entry) => {
  const { layer, sort, dead, diff } = store.get();
  if (entry.state === "ready" && blockOf(name)?.name === layer) complete();
  if (entry.state === "ready" && (sort !== "index" || diff || dead === "hide")) column.layout();
  render();
});

const explainer = once(async () => (await import("./explain.js")).createExplainer({ data, store, blockOf, history }));
const explain = async (state) => (await explainer())(state);

// The live camera is loaded when it is first asked for.
const filmer = once(async () => (await import("./camera.js")).createFilming({ model, blocks, blockOf, store, upload }));
const film = async (state) => (await filmer())(state);

// What changes maps and kernels is loaded with the first change, or with an address that holds one.
async function edit(act) {
  editing += 1;
  try {
    const { createEdits } = await import("./edits.js");
    edits ??= createEdits({ run, model, store, layers, column, exact, blockOf, onChange: render });
    await act(edits);
  } finally {
    editing -= 1;
    render();
  }
}

function bindEdits() {
  const part = find("#edit-part");
  part.hidden = false;
  part.addEventListener("click", ({ target }) => target.closest("button") && edit((made) => made.act(target.closest("button").value)));
  part.addEventListener("change", ({ target }) => edit((made) => made.act("scale", target)));
}

function stepMap(step) {
  const { layer, map } = store.get();
  const order = column.order(layer);
  const next = order[order.indexOf(map) + step];
  if (next !== undefined) select(blockOf(layer), next, "step");
}

function stepLayer(step) {
  const usable = blocks.filter((block) => block.available);
  const next = usable[usable.findIndex(({ name }) => name === store.get().layer) + step];
  if (next) go(next.name);
}

const cycle = (values, value) => values[(values.indexOf(value) + 1) % values.length];

createKeys({
  find: openFinder,
  letters: {
    e: () => store.set({ explain: true }),
    b: () => blocks.some((block) => block.function) && store.set({ show: store.get().show === "after" ? "before" : "after" }),
    m: mark,
    p: () => store.set({ pin: !store.get().pin }),
  },
  normalise: () => store.set({ norm: cycle(NORMS, store.get().norm) }),
  sort: () => sortBy(cycle(SORTS, store.get().sort)),
  layer: stepLayer,
  map: stepMap,
  escape() {
    if (store.get().camera) store.set({ camera: "" });
    else if (store.get().explain) store.set({ explain: false, slide: false });
    else if (store.get().edit) store.set({ edit: false });
    else if (panels.close()) return;
    else if (store.get().pin) store.set({ pin: false });
    else if (isNarrow()) store.set({ inspector: "closed" });
  },
});

// What saves and copies, and the finder, are loaded when they are first asked for.
let saving = null;
async function save(act) {
  saving ??= import("./save.js").then(({ createSave }) => createSave({ run, model, image: data.image, store, inspector }));
  act(await saving);
}

function bindSave() {
  for (const button of findAll('[data-action^="save"], [data-action^="copy"], [data-action="share"]')) {
    button.hidden = false;
    button.addEventListener("click", () => save((made) => made.act(button)));
  }
  find("#save-more").addEventListener("toggle", ({ target }) => target.open && save((made) => made.list(target)));
}

let finder = null;
async function openFinder() {
  finder ??= import("./finder.js").then(({ createFinder }) => createFinder(blocks, { go }));
  (await finder).open();
}

function bindActions() {
  const actions = {
    explain: () => store.set({ explain: true }),
    mark,
    camera: () => store.set({ camera: "96" }),
    "previous-map": () => stepMap(-1),
    "next-map": () => stepMap(1),
    "close-inspector": () => store.set({ inspector: "closed" }),
  };
  const opener = find("#open-find");
  opener.hidden = false;
  opener.addEventListener("click", openFinder);
  for (const button of findAll('[data-action="dismiss"]')) {
    button.hidden = false;
    button.addEventListener("click", () => (button.parentElement.remove(), relayout()));
  }
  for (const [name, act] of Object.entries(actions)) for (const button of findAll(`[data-action="${name}"]`)) button.addEventListener("click", act);
}

// Photo and network are other pages; the view goes along.
function bindLinks() {
  const carried = (changes) => `/${store.address({ map: null, y: null, x: null, explain: false, ...changes })}`;
  for (const link of findAll("a[data-image]")) link.addEventListener("click", () => (link.href = carried({ image: link.dataset.image, model: data.photo_model, map: store.get().map, layer: store.get().layer })));
  for (const link of findAll('a[href^="/compare"]')) link.addEventListener("click", () => (link.href = comparison()));
  for (const link of findAll("a[data-model]")) link.addEventListener("click", () => (link.href = carried({ model: link.dataset.model, layer: null, size: null, fold: [], edits: "", edit: false, diff: false })));
}

// The comparison takes along the run and the layer; its other side is the edited run, or else the same photo moved.
function comparison() {
  const { layer } = store.get();
  const other = run.id === unedited ? { right: 4 } : { b: run.id };
  return `/compare?${new URLSearchParams({ a: unedited, ...other, ...(layer && { layer }) })}`;
}

function bindConnection() {
  const line = find("#server-message");
  const show = (down) => {
    if (line.hidden === !down) return;
    line.hidden = !down;
    document.body.classList.toggle("dead-server", down);
    find("strong", line).textContent = "The server does not answer.";
    find("strong + span", line).textContent = "What is on the page stays; new layers wait.";
    relayout();
  };
  connection.addEventListener("down", () => show(true));
  connection.addEventListener("up", () => show(false));
  find(".btn", line).addEventListener("click", async () => {
    await fetchJson(runPath(run)).catch(() => {});
    if (!line.hidden) return;
    layers.retryAll();
    render();
  });
}

const scrolled = atNextFrame(() => {
  column.want();
  column.render();
});

function bindScroll() {
  let saved = 0;
  column.scroller.addEventListener("scroll", () => {
    document.body.dataset.state = "loading";
    scrolled();
    clearTimeout(saved);
    saved = setTimeout(() => window.history.replaceState({ scroll: column.scroller.scrollTop }, ""), 200);
  }, { passive: true });
  let size = 0;
  new ResizeObserver(() => {
    const now = column.scroller.clientWidth * 1e5 + column.scroller.clientHeight;
    if (now !== size) relayout();
    size = now;
  }).observe(column.scroller);
}

function nameImage() {
  const name = nameOf(run.image);
  if (name) find("#image-name").textContent = name;
}

async function start() {
  nameImage();
  bindActions();
  bindEdits();
  bindSave();
  bindLinks();
  bindConnection();
  bindTheme(render);
  if (location.search) window.history.replaceState(window.history.state, "", store.address());
  if (isNarrow() && !isPhone() && data.view.map === null) store.set({ inspector: "closed" }, "silent");
  find("#inspector").hidden = store.get().inspector === "closed";
  store.subscribe(onState);
  await ready(store.get());
  tower.fit();
  column.layout();
  const scroll = window.history.state?.scroll;
  if (scroll === undefined) column.scrollTo(store.get().layer, { map: store.get().map });
  else column.scroller.scrollTop = scroll;
  await loadTables();
  find("#photo img").addEventListener("load", render);
  bindScroll();
  if (store.get().edits || store.get().edit) await edit((made) => made.follow(store.get()));
  column.want();
  render();
  if (store.get().pin) withLinks();
  for (const kind of ["pointermove", "pointerdown", "focusin"]) addEventListener(kind, hands, { once: true });
  addEventListener("click", repeatLater, { capture: true });
  if (store.get().explain) explain(store.get());
  if (store.get().camera) film(store.get());
}

start();
