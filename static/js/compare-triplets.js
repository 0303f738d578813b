// The middle of the compare page: triplets A, B, B − A in their order, only those near the viewport, one crosshair in
// all of them. What a choice means is the page's business.

import { drawTriplet, factorOf, fitOf, GAP, TILE } from "./compare-draw.js";
import { element, find, place } from "./dom.js";
import { number, percent, whole } from "./format.js";

const [WIDE, PITCH, SPACE] = [3 * TILE + 2 * GAP, 142, 16];
const AHEAD = PITCH;
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

// The maps in order: by how much they change, by that as a share of A, or by index.
export function orderOf(maps, count, sort) {
  if (!maps) return Array.from({ length: count }, (_, k) => k);
  if (sort === "index") return maps.map(({ index }) => index).sort((a, b) => a - b);
  if (sort === "change") return maps.map(({ index }) => index);
  const share = ({ relative, norm }) => relative ?? (norm === 0 ? 0 : Infinity);
  return [...maps].sort((a, b) => share(b) - share(a) || a.index - b.index).map(({ index }) => index);
}

export function createTriplets({ onSelect, onHover }) {
  const [scroller, host, heads, option, range] = ["#triplets-scroll", "#triplets", "#triplet-heads", "#triplet-option", "#range"].map((id) => find(id));
  const shown = new Map();
  let view = null;
  let columns = 1;
  let fit = null;

  // `next` says what is shown: the layers, their numbers and scales, the order, the selected map and the cell.
  function render(next) {
    view = next;
    columns = Math.max(1, Math.floor((scroller.clientWidth - 2 * SPACE + SPACE) / (WIDE + SPACE)));
    host.style.height = `${Math.ceil(view.order.length / columns) * PITCH}px`;
    heads.replaceChildren(...Array.from({ length: Math.min(columns, view.order.length) }, (_, column) => ["A", "B", "B − A"].map((name, tile) => {
      const head = element("span", {}, view.hold && tile === 0 ? "B" : name);
      place(head, { left: SPACE + column * (WIDE + SPACE) + tile * (TILE + GAP) });
      return head;
    })).flat());
    view.layers.forEach((each, index) => host.classList.toggle(`without-${index}`, !each));
    const layer = view.layers.find(Boolean);
    fit = layer && fitOf(layer, Math.round(TILE * devicePixelRatio));
    draw();
    cross(view.cell);
    speak();
  }

  function visible() {
    const [box, clip] = [host.getBoundingClientRect(), scroller.getBoundingClientRect()];
    const top = Math.max(0, clip.top) - box.top;
    const bottom = Math.min(innerHeight, clip.bottom) - box.top;
    return [top, bottom];
  }

  function draw() {
    if (!view) return;
    const [top, bottom] = visible();
    const first = Math.max(0, Math.floor((top - AHEAD) / PITCH)) * columns;
    const last = Math.min(view.order.length, Math.ceil((bottom + AHEAD) / PITCH) * columns);
    const wanted = new Set(view.order.slice(first, last));
    for (const [k, node] of shown) if (!wanted.has(k)) (node.remove(), shown.delete(k));
    for (let position = first; position < last; position++) drawOne(view.order[position], position);
    say(top, bottom);
  }

  function drawOne(k, position) {
    const node = shown.get(k) ?? create(k);
    place(node, { left: (position % columns) * (WIDE + SPACE), top: Math.floor(position / columns) * PITCH });
    node.setAttribute("aria-selected", String(k === view.map));
    const key = `${view.key} ${position}`;
    if (node.dataset.key === key) return;
    node.dataset.key = key;
    caption(find(".cap", node), k, position);
    const canvas = find("canvas", node);
    canvas.hidden = !fit;
    if (fit) drawTriplet(canvas, view.layers, k, view.shades, devicePixelRatio);
  }

  function create(k) {
    const tiles = element("div", { class: "tiles" }, element("div", { class: "empty" }), element("canvas", { "aria-hidden": "true" }));
    for (let tile = 0; tile < 3; tile++) tiles.append(element("span", { class: `tile-part at-${tile}` }, element("i"), element("i")));
    const node = element("div", { class: "trip", role: "option", id: `triplet-${k}`, "data-map": k }, element("div", { class: "cap" }), tiles);
    shown.set(k, node);
    host.append(node);
    return node;
  }

  function caption(host_, k, position) {
    const map = view.byMap?.get(k);
    const parts = [element("span", { class: "t3" }, String(position + 1)), element("b", {}, String(k))];
    if (map) {
      const [low, high] = [view.layers[2]?.low[k], view.layers[2]?.high[k]];
      const share = map.relative === null ? "" : `, ${whole(map.relative * 100)} % of A`;
      parts.push(map.norm === 0 ? element("span", { class: "t2" }, "equal") : element("span", { class: "t2" }, "changed by ", element("span", { class: "ink" }, amount(map.norm)), share));
      if (low !== undefined && map.norm !== 0) parts.push(element("span", { class: "grow" }), element("span", { class: "t2" }, low === high ? signed(low) : `${signed(low)} to ${signed(high)}`));
    }
    host_.replaceChildren(...parts);
  }

  const amount = (value) => (value === 0 ? "0" : Math.abs(value) >= 100 ? whole(value) : number(value, Math.abs(value) >= 1 ? 1 : 3));

  const signed = (value) => `${value > 0 ? "+" : ""}${amount(value)}`;

  function say(top, bottom) {
    const count = view.order.length;
    const first = Math.min(count - 1, Math.max(0, Math.floor((top + PITCH / 2) / PITCH)) * columns);
    const last = Math.min(count, Math.max(first + 1, Math.floor((bottom + PITCH / 4) / PITCH) * columns));
    range.textContent = count ? `${whole(first + 1)}–${whole(last)} of ${whole(count)}` : "";
  }

  // The crosshair in every tile, through custom properties: nothing is drawn again.
  function cross(cell) {
    host.classList.toggle("no-cross", !cell || !fit || view.flat);
    if (!cell || !fit) return;
    const factor = factorOf(fit);
    host.style.setProperty("--row", `${Math.floor((fit.top + (cell[0] + 0.5) * factor) / devicePixelRatio)}px`);
    host.style.setProperty("--column", `${Math.floor((fit.left + (cell[1] + 0.5) * factor) / devicePixelRatio)}px`);
  }

  function speak() {
    const node = shown.get(view.map);
    option.textContent = view.map === null ? "" : describe(view.map);
    host.setAttribute("aria-activedescendant", node ? node.id : option.id);
  }

  function describe(k) {
    const map = view.byMap?.get(k);
    const change = !map ? "" : map.norm === 0 ? ", equal" : `, changed by ${amount(map.norm)}${map.relative === null ? "" : `, ${percent(map.relative)} of A`}`;
    return `${view.name} map ${k}${change}`;
  }

  function cellOf(event, tiles) {
    const bounds = tiles.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
    const across = x % (TILE + GAP);
    if (!fit || x < 0 || across >= TILE) return null;
    const factor = factorOf(fit);
    const cell = [(y * devicePixelRatio - fit.top) / factor, (across * devicePixelRatio - fit.left) / factor].map(Math.floor);
    const { height, width } = view.layers.find(Boolean);
    return cell[0] >= 0 && cell[1] >= 0 && cell[0] < height && cell[1] < width ? cell : null;
  }

  const under = (event) => {
    const tiles = event.target.closest?.(".tiles");
    return tiles && { k: Number(tiles.parentElement.dataset.map), cell: cellOf(event, tiles) };
  };

  host.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    const at = under(event);
    onHover(at?.cell ?? null);
  });
  host.addEventListener("pointerleave", () => onHover(null));
  host.addEventListener("click", (event) => {
    const at = under(event) ?? { k: Number(event.target.closest?.(".trip")?.dataset.map ?? NaN), cell: null };
    if (Number.isNaN(at.k)) return;
    host.focus({ preventScroll: true, focusVisible: false });
    onSelect(at.k, at.cell, "push");
  });
  host.addEventListener("keydown", (event) => {
    const to = target(event);
    if (to === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    step(to);
  });

  function target({ key }) {
    const at = Math.max(0, view.order.indexOf(view.map));
    const page = columns * Math.max(1, Math.floor(scroller.clientHeight / PITCH));
    const to = { ArrowUp: at - columns, ArrowDown: at + columns, Home: 0, End: view.order.length - 1, PageUp: at - page, PageDown: at + page }[key];
    return key in STEPS ? at + STEPS[key] : to ?? null;
  }

  function step(position) {
    const k = view.order[Math.min(view.order.length - 1, Math.max(0, position))];
    if (k === undefined) return;
    reveal(k);
    onSelect(k, null, "step");
  }

  function reveal(k) {
    const top = Math.floor(view.order.indexOf(k) / columns) * PITCH;
    const [from, to] = visible();
    const box = scroller.scrollHeight > scroller.clientHeight + 1 ? scroller : document.scrollingElement;
    if (top < from) box.scrollBy({ top: top - from });
    else if (top + PITCH > to) box.scrollBy({ top: top + PITCH - to });
  }

  document.addEventListener("scroll", () => draw(), { capture: true, passive: true });

  return {
    render, cross, reveal,
    toTop: () => (scroller.scrollTop = 0),
    step: (by) => step(view.order.indexOf(view.map) + by),
  };
}
