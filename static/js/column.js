// The layer column: all blocks laid out from shapes, those near the viewport drawn, each saying how it fares.

import { atNextFrame, element, find, findAll, isCalm, isPhone, write } from "./dom.js";
import { number, percent, whole } from "./format.js";
import { volume } from "./layout.js";
import { isDark, tableFor } from "./lut.js";
import { canSort, deadCount, likeIn, orderName, orderOf } from "./sorting.js";
import { canTone, referencesOf, shadesOf } from "./tone.js";
import { createWall } from "./wall.js";

const NEAR = 0.75;
const SHOWN_ABOVE = 0.2;
const QUIET = 400;
const SPARE = 6;
const [HEAD, SHEET] = [40, 280];

// Blocks are open unless folded by default; `fold` names those that are the other way round.
export const isOpen = (block, fold) => block.folded === fold.includes(block.name);
export const toggled = (fold, name) => (fold.includes(name) ? fold.filter((other) => other !== name) : [...fold, name]);
export const shownLayer = (block, state) => (state.show === "before" ? block.before : block.after);

export function createColumn(blocks, store, layers, exact, { select, onDraw, onLayout }) {
  const scroller = find("#column");
  const entries = blocks.filter((block) => block.available).map((block) => createEntry(block));
  const byName = new Map(entries.map((entry) => [entry.block.name, entry]));
  let tops = [];
  let clock = 0;

  function createEntry(block) {
    const node = find(`.blk[data-block="${CSS.escape(block.name)}"]`);
    const entry = { block, node, fold: find(".fold", node), zeros: find(".zeros", node), dead: find("output.dead", node), fault: find(".fault", node) };
    entry.wall = createWall(node, block, {
      onSelect: (k, how) => select(block, k, how),
      describe: (k) => describe(entry, k),
      tip: (k, later) => tipOf(entry, k, later),
      screenRows: (pitch) => Math.floor((scroller.clientHeight - 80) / pitch),
    });
    entry.fold.addEventListener("click", () => store.set({ fold: toggled(store.get().fold, block.name) }));
    find(".btn", entry.fault).addEventListener("click", () => layers.retry(nameOf(entry)));
    return entry;
  }

  const nameOf = (entry) => shownLayer(entry.block, store.get());
  const isOpenNow = ({ block }) => isOpen(block, store.get().fold);
  const dataOf = (entry) => layers.data(nameOf(entry));
  // Whether what is held is what the run holds now: until then nothing more is asked about it, so that it comes sooner.
  const isFresh = ({ block }) => layers.entry(shownLayer(block, store.get())).state === "ready";
  const near = (entry, screens) => {
    const { top, bottom } = tops[entries.indexOf(entry)] ?? { top: 0, bottom: 0 };
    const [start, size] = [scroller.scrollTop, scroller.clientHeight];
    return bottom > start - screens * size && top < start + (1 + screens) * size;
  };

  function statisticsText(entry, k, statistics) {
    const [layer, map] = [dataOf(entry), statistics?.maps[k]];
    if (!layer) return { main: "not computed yet", rest: "" };
    if (layer.low[k] === 0 && layer.high[k] === 0) return { main: store.get().diff ? "unchanged" : "0 everywhere on this photo", rest: "" };
    const decimals = layer.high[k] < 1 ? 4 : 1;
    if (layer.height * layer.width === 1) return { main: number(layer.high[k], 4), rest: "" };
    const at = map?.argmax ? ` at ${map.argmax[0]}, ${map.argmax[1]}` : "";
    return { main: `max ${number(layer.high[k], decimals)}${at}`, rest: map ? `${percent(map.zeros)} zero` : "" };
  }

  function tipOf(entry, k, later) {
    const name = nameOf(entry);
    const known = exact.knownStatistics(name);
    if (!known && dataOf(entry)) exact.statistics(name).then((statistics) => later(statisticsText(entry, k, statistics)), () => {});
    return statisticsText(entry, k, known);
  }

  function describe(entry, k) {
    const { main, rest } = statisticsText(entry, k, exact.knownStatistics(nameOf(entry)));
    const said = main.replace(/ at (\d+), (\d+)/, " at row $1, column $2");
    return `${nameOf(entry)} map ${k}, ${said}${rest ? `, ${rest}` : ""}`;
  }

  function layout() {
    const state = store.get();
    const [width, phone] = [scroller.clientWidth, isPhone()];
    const sort = orderName(state);
    for (const entry of entries) {
      const open = isOpenNow(entry);
      entry.wall.wrap.hidden = !open;
      entry.node.classList.toggle("folded", !open);
      entry.fold.setAttribute("aria-expanded", String(open));
      if (!open) entry.wall.clear();
      const order = orderOf(dataOf(entry), entry.block.shape[0], sort, state.dead === "hide", sort === "like" ? likeIn(entry.block, state.like) : null);
      entry.wall.layout(Math.max(1, order.length), order, sort !== "index", state.tile, width, phone);
      entry.wall.markTile(entry.block.name === state.layer ? state.map : null);
      entry.node.classList.toggle("cur", entry.block.name === state.layer);
    }
    measure();
    onLayout();
  }

  function measure() {
    tops = entries.map(({ node }) => ({ top: node.offsetTop, bottom: node.offsetTop + node.offsetHeight }));
  }

  const networkRange = () => entries.reduce((most, entry) => Math.max(most, layers.entry(nameOf(entry)).range), 0);

  function render() {
    const state = store.get();
    const network = state.norm === "network" ? networkRange() : 0;
    const open = entries.filter((entry) => isOpenNow(entry));
    for (const entry of open) if (!dataOf(entry) || !near(entry, NEAR * 2)) entry.wall.clear();
    const drawable = open.filter((entry) => dataOf(entry) && near(entry, NEAR));
    const inSight = drawable.filter((entry) => near(entry, 0));
    for (const entry of inSight) drawEntry(entry, dataOf(entry), state, network);
    drawAhead(drawable.filter((entry) => !inSight.includes(entry)), state, network);
    for (const entry of entries) status(entry);
    stick();
    onDraw();
  }

  // What comes into sight next is drawn as far as the frame has time, the rest in the next frame.
  function drawAhead(ahead, state, network) {
    const start = performance.now();
    for (const entry of ahead) {
      if (performance.now() - start > SPARE) return renderSoon();
      drawEntry(entry, dataOf(entry), state, network);
    }
  }

  const renderSoon = atNextFrame(render);

  function drawEntry(entry, layer, state, network) {
    const table = tableFor(state.colour, layer.signed);
    const reference = referencesOf(layer, state, network);
    const key = [nameOf(entry), table.name, state.norm, network, state.clip, state.blend, state.low, state.high, state.gamma, canTone(state), canSort(orderName(state)), state.sort, state.like, state.dead, isDark()].join(" ");
    entry.wall.draw(layer, rowsNear(entry), devicePixelRatio, shadesOf(layer, reference, table, state), key);
  }

  // The rows to draw: all of a small wall, else those within half a screen, in steps, so that scrolling redraws seldom.
  function rowsNear({ block, wall: { wall, host } }) {
    const size = scroller.clientHeight;
    if (wall.height <= 2 * size) return [0, wall.rows];
    const index = entries.findIndex((entry) => entry.block === block);
    const offset = scroller.scrollTop - tops[index].top - host.parentElement.offsetTop;
    const step = Math.max(1, Math.floor(size / 2 / wall.rowPitch));
    const first = Math.floor((offset - size / 2) / wall.rowPitch / step) * step;
    const count = Math.ceil((2 * size) / wall.rowPitch / step + 1) * step;
    const start = Math.min(Math.max(0, first), Math.max(0, wall.rows - 1));
    return [start, Math.min(wall.rows, Math.max(start + 1, first + count))];
  }

  function status(entry) {
    const [name, layer] = [nameOf(entry), dataOf(entry)];
    const { state, problem, until, since } = layers.entry(name);
    const waits = until ? Math.max(0, Math.ceil((until - performance.now()) / 1000)) : 0;
    entry.fault.hidden = state !== "failed" || !isOpenNow(entry);
    if (state === "failed") {
      const next = waits ? `Trying again in ${waits} s. Layers above stay usable.` : problem.detail;
      const [title, text] = [find("strong", entry.fault), find("strong + span", entry.fault)];
      write(title, `${problem.title}.`);
      write(text, next);
      if (waits) tick();
    }
    if (layer) return numbers(entry, name, layer);
    const slow = state === "loading" && performance.now() - since > QUIET;
    if (state === "loading" && !slow) tick();
    busy(entry, state === "stopped" ? ["stopped", "Load", () => layers.retry(name)] : slow ? ["computing", "Cancel", () => layers.stop(name)] : null);
  }

  function busy(entry, shown) {
    const text = shown?.[0] ?? "";
    entry.zeros.classList.toggle("busy", shown !== null);
    if (entry.zeros.dataset.text === text) return;
    entry.zeros.dataset.text = text;
    entry.zeros.replaceChildren(text);
    entry.dead.textContent = "";
    if (!shown) return;
    const button = element("button", { type: "button", class: "btn" }, shown[1]);
    button.addEventListener("click", shown[2]);
    entry.zeros.append(button);
  }

  function numbers(entry, name, layer) {
    if (entry.zeros.dataset.text !== "") busy(entry, null);
    const known = exact.knownStatistics(name);
    const maps = layer.height * layer.width > 1;
    layer.dead ??= deadCount(layer);
    write(entry.zeros, known && !layer.signed ? percent(known.summary.zeros) : "");
    write(entry.dead, maps ? whole(layer.dead) : "");
    if (!known && maps && !layer.signed && near(entry, 0) && isFresh(entry)) exact.statistics(name).then(() => numbers(entry, name, layer), () => {});
  }

  function tick() {
    clock ||= setTimeout(() => ((clock = 0), entries.forEach(status)), 250);
  }

  function stick() {
    const at = scroller.scrollTop;
    entries.forEach(({ node }, index) => node.classList.toggle("stuck", at > tops[index].top && at < tops[index].bottom - 32));
  }

  // The layers to have, nearest first; on a phone only those within a few screens.
  function want() {
    const state = store.get();
    const middle = scroller.scrollTop + scroller.clientHeight / 2;
    const distance = (index) => Math.max(0, tops[index].top - middle, middle - tops[index].bottom);
    const open = entries.map((entry, index) => ({ entry, index })).filter(({ entry }) => isOpenNow(entry) || entry.block.name === state.layer);
    const reach = isPhone() && state.norm !== "network" ? 3 : Infinity;
    const shown = open.filter(({ entry, index }) => near(entry, 0) || distance(index) <= reach * scroller.clientHeight);
    const rank = ({ entry, index }) => (near(entry, 0) ? 0 : 1 + distance(index));
    layers.want(shown.sort((a, b) => rank(a) - rank(b) || a.index - b.index).map(({ entry }) => nameOf(entry)));
  }

  function scrollTo(name, { smooth = false, map = null } = {}) {
    const entry = byName.get(name);
    if (!entry) return;
    const [size, { top, bottom }] = [scroller.clientHeight - covered(), tops[entries.indexOf(entry)]];
    const spare = bottom - top <= size ? size - (bottom - top) : size;
    let target = top - (smooth ? 0 : Math.min(SHOWN_ABOVE * size, spare));
    const tile = map === null ? null : tileTop(entry, map);
    if (tile !== null && tile + entry.wall.wall.tall > target + size - 24) target = tile - Math.max(40, size / 2);
    scroller.scrollTo({ top: Math.max(0, Math.round(target)), behavior: smooth && !isCalm() ? "smooth" : "instant" });
  }

  // Pixels of the column under the phone's sheet.
  const covered = () => (isPhone() && store.get().inspector !== "closed" ? SHEET : 0);

  function tileTop(entry, map) {
    const at = entry.wall.placeOf(map);
    return at === null ? null : tops[entries.indexOf(entry)].top + entry.wall.host.parentElement.offsetTop + at.top;
  }

  // Moves the column as little as needed for a map to be seen under the sticky header.
  function reveal(name, map) {
    const entry = byName.get(name);
    const top = entry ? tileTop(entry, map) : null;
    if (top === null) return;
    const [start, size] = [scroller.scrollTop, scroller.clientHeight - covered()];
    const bottom = top + entry.wall.wall.tall;
    if (top < start + HEAD) scroller.scrollTop = top - HEAD;
    else if (bottom > start + size - 8) scroller.scrollTop = bottom - size + 8;
  }

  return {
    scroller, layout, render, want, scrollTo, reveal, measure,
    data: (block) => layers.data(shownLayer(block, store.get())),
    wall: (name) => byName.get(name)?.wall,
    isFresh: (block) => isFresh({ block }),
    focus: (name) => byName.get(name)?.wall.focus(),
    order: (name) => byName.get(name)?.wall.order ?? [],
    networkRange,
    // The blocks in sight that are drawn, with their walls.
    walls: () => entries.filter((entry) => near(entry, 0) && isOpenNow(entry) && entry.wall.isDrawn()),
    // Whether everything that is in sight stands as it will stay: drawn, or its problem said.
    isSettled() {
      const state = store.get();
      return entries.every((entry) => {
        if (!isOpenNow(entry) || (!near(entry, 0) && state.norm !== "network")) return true;
        const { state: loading } = layers.entry(nameOf(entry));
        if (loading === "failed" || loading === "stopped") return true;
        return loading === "ready" && (entry.wall.isDrawn() || !near(entry, 0));
      });
    },
    // What is in sight, as [name, first share, last share] of each block; for the tower.
    visible() {
      const [start, end] = [scroller.scrollTop, scroller.scrollTop + scroller.clientHeight];
      return findAll(".blk", scroller)
        .map((node) => [node.dataset.block, (start - node.offsetTop) / node.offsetHeight, (end - node.offsetTop) / node.offsetHeight])
        .filter(([, first, last]) => first < 1 && last > 0)
        .map(([name, first, last]) => [name, Math.max(0, first), Math.min(1, last)]);
    },
    volumeOf: (name) => volume(byName.get(name).block.shape),
  };
}
