// One layer's wall of maps: a canvas for the rows near the viewport, marks above it, pointer and keys on it.
// Knows its tiles and the words for them; what a selection means is the page's business.

import { drawWall } from "./atlas.js";
import { colour, element, find, place } from "./dom.js";
import { tileAt, tilePlace, wallOf } from "./layout.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export function createWall(node, block, { onSelect, describe, tip, screenRows }) {
  const [host, wrap, addresses] = [find(".wall", node), find(".wrap", node), find(".addr", node)];
  const option = element("div", { role: "option", id: `option-${block.name}`, class: "vh", "aria-selected": "false" }, `${block.name} map 0`);
  const grid = element("div", { class: "grid", role: "listbox", tabindex: "0", "aria-label": `Maps of ${block.name}`, "aria-orientation": "horizontal", "aria-activedescendant": option.id }, option);
  const canvas = element("canvas", { "aria-hidden": "true", width: "0", height: "0" });
  const [mark, focus, hover, words] = ["mark-tile", "focus-tile", "hover-tile", "tip"].map((name) => element("div", { class: name, hidden: true }));
  host.append(canvas, grid, mark, focus, hover, words);
  focus.hidden = false;

  let [wall, order, selected, cursor, drawn, source] = [null, [], null, 0, "", null];
  const positionOf = (k) => order.indexOf(k);

  function layout(count, orderNow, ranked, choice, width, phone) {
    order = orderNow;
    const next = wallOf(block.shape, count, choice, width, phone);
    const key = JSON.stringify([next, ranked]);
    const same = wall?.key === key;
    wall = { ...next, key };
    host.dataset.tile = wall.tile;
    if (!same) measure();
    markTile(selected);
  }

  function measure() {
    place(host, { width: wall.width, height: wall.height });
    const full = Math.floor(wall.count / wall.columns) * wall.rowPitch;
    const skeleton = find(".skeleton", host);
    const set = (child, values) => Object.entries(values).forEach(([name, value]) => child.setAttribute(name, value));
    set(skeleton, { width: wall.width + wall.gap, height: wall.height + wall.gap });
    set(find(".full", skeleton), { width: wall.width + wall.gap, height: full, fill: `url(#tile-${wall.tile})` });
    set(find(".rest", skeleton), { y: full, width: (wall.count % wall.columns) * wall.pitch, height: wall.rowPitch, fill: `url(#tile-${wall.tile})` });
    addresses.replaceChildren(
      ...Array.from({ length: wall.rows }, (_, row) => {
        const address = element("i", {}, String(row * wall.columns));
        place(address, { top: row * wall.rowPitch + Math.round(wall.tall / 2) - 5 });
        return address;
      }),
    );
  }

  // Draws rows [first, last) unless just this is drawn already; `key` says everything else that the picture depends on.
  function draw(layer, rows, ratio, shadeFor, key) {
    const signature = `${key} ${wall.key} ${rows} ${ratio} ${order.length}`;
    if (signature === drawn && layer === source) return;
    drawWall(canvas, layer, wall, order, rows, ratio, shadeFor, colour("--hatch"));
    place(canvas, { width: canvas.width / ratio, height: canvas.height / ratio, top: (rows[0] * Math.round(wall.rowPitch * ratio)) / ratio });
    Object.assign(canvas.dataset, { layer: key.split(" ")[0], tile: wall.tile, tall: wall.tall, gap: wall.gap, columns: wall.columns, row: rows[0], order: order.slice(rows[0] * wall.columns, rows[1] * wall.columns).join(",") });
    host.classList.add("drawn");
    [drawn, source] = [signature, layer];
  }

  function clear() {
    if (drawn === "") return;
    canvas.width = canvas.height = 0;
    host.classList.remove("drawn");
    drawn = "";
  }

  function markTile(k) {
    selected = k;
    const position = k === null ? -1 : positionOf(k);
    mark.hidden = position < 0;
    if (position >= 0) {
      cursor = position;
      place(mark, { ...tilePlace(wall, position), width: wall.tile, height: wall.tall });
      mark.classList.toggle("wide", wall.tile >= 56);
    }
    place(focus, { ...tilePlace(wall, Math.min(cursor, Math.max(0, order.length - 1))), width: wall.tile, height: wall.tall });
    option.setAttribute("aria-selected", String(position >= 0));
    if (document.activeElement === grid) speak();
  }

  function speak() {
    const k = order[Math.min(cursor, order.length - 1)];
    if (k === undefined) return;
    option.textContent = describe(k);
    option.setAttribute("aria-posinset", String(cursor + 1));
    option.setAttribute("aria-setsize", String(order.length));
  }

  function showHover(position) {
    hover.hidden = words.hidden = position === null;
    if (position === null) return;
    const [at, k] = [tilePlace(wall, position), order[position]];
    place(hover, { ...at, width: wall.tile, height: wall.tall });
    const show = (parts) => words.replaceChildren(element("b", {}, String(k)), parts.main, element("span", {}, parts.rest));
    show(tip(k, (parts) => host.dataset.hover === String(k) && show(parts)));
    const below = at.top + wall.tall + 6;
    const fits = below + 24 < wall.height || node.getBoundingClientRect().top + below < innerHeight - 60;
    place(words, { left: Math.max(0, Math.min(at.left - 2, wall.width - words.offsetWidth)), top: fits ? below : at.top - 30 });
  }

  grid.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    const position = tileAt(wall, event.offsetX, event.offsetY);
    const k = position === null ? "" : String(order[position]);
    if (host.dataset.hover === k) return;
    host.dataset.hover = k;
    showHover(position);
  });
  grid.addEventListener("pointerleave", () => {
    delete host.dataset.hover;
    showHover(null);
  });
  grid.addEventListener("click", (event) => {
    const position = tileAt(wall, event.offsetX, event.offsetY);
    if (position === null) return;
    grid.focus({ preventScroll: true, focusVisible: false });
    onSelect(order[position], "push");
  });
  grid.addEventListener("focus", speak);
  grid.addEventListener("keydown", (event) => {
    const target = keyTarget(event);
    if (target === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    cursor = Math.min(order.length - 1, Math.max(0, target));
    onSelect(order[cursor], "step");
  });

  function keyTarget({ key }) {
    const page = wall.columns * Math.max(1, screenRows(wall.rowPitch));
    if (key in STEPS) return cursor + STEPS[key];
    if (key === "ArrowUp") return cursor < wall.columns ? cursor : cursor - wall.columns;
    if (key === "ArrowDown") return cursor + wall.columns < order.length ? cursor + wall.columns : cursor;
    if (key === "Home") return 0;
    if (key === "End") return order.length - 1;
    if (key === "PageUp") return cursor - page;
    if (key === "PageDown") return cursor + page;
    return key === " " || key === "Enter" ? cursor : null;
  }

  return {
    node, host, wrap, layout, draw, clear, markTile,
    get wall() { return wall; },
    get order() { return order; },
    isDrawn: () => drawn !== "",
    focus: () => grid.focus({ preventScroll: true }),
    placeOf: (k) => (positionOf(k) < 0 ? null : tilePlace(wall, positionOf(k))),
  };
}
