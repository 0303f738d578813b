// The left of the compare page: how much every layer differs, as a line by depth and as a ranked list.

import { element, find, findAll, shapeElement } from "./dom.js";
import { number, percent } from "./format.js";

const [LEFT, RIGHT, TOP, TALL] = [50, 336, 14, 56];
const LONGEST_BAR = 60;
const NAMES_APART = 62;
const STEPS = [1, 2, 5, 10];

// One entry a row of the page, joined with what the service says of its layer; the input comes first.
export function entriesOf(rows, overview) {
  const byName = new Map(overview.layers.map((layer) => [layer.name, layer]));
  const input = { name: "input", row: null, found: overview.input };
  return [input, ...rows.map((row) => ({ name: row.name, row, found: byName.get(row.layer) ?? null }))];
}

// The entry in which the first layer that differs is found; the next that differs where no row holds that layer.
export function firstOf(entries, { first, tolerance }) {
  const differs = ({ found }) => found?.state === "compared" && !(found.relative !== null && found.relative <= tolerance);
  return entries.find(({ row }) => row?.layers.includes(first)) ?? entries.find((entry) => entry.row && differs(entry)) ?? null;
}

// The most different first, then the equal ones in order of depth, then what could not be compared.
export function ranked(entries) {
  const rank = ({ found }) => (found?.state !== "compared" ? 2 : found.norm === 0 ? 1 : 0);
  const size = ({ found }) => (rank({ found }) === 0 ? found.relative ?? Infinity : 0);
  return entries.map((entry, depth) => ({ ...entry, depth, rank: rank(entry) })).sort((a, b) => a.rank - b.rank || size(b) - size(a) || a.depth - b.depth);
}

// A step of 1, 2 or 5 times a power of ten that needs at most four lines up to `most`.
export function niceStep(most) {
  const base = 10 ** Math.floor(Math.log10(most / 3 || 1));
  return base * STEPS.find((step) => base * step * 3 >= most * 0.95);
}

export const cellsText = (move) => {
  if (!move?.cells) return "";
  const parts = move.cells.filter((cells) => cells !== 0);
  const text = parts.map((cells) => number(Math.abs(cells), 3).replace(/\.?0+$/, "")).join(", ");
  return text === "" ? "" : `${text} ${text === "1" ? "cell" : "cells"}`;
};

export function createDepth(rows, { onSelect }) {
  const [plot, list, head, note] = ["#depth", "#ranking", "#shift-head", "#depth-note"].map((id) => find(id));
  const buttons = new Map(findAll("button", list).map((button) => [button.dataset.layer, button]));
  const items = new Map([...buttons].map(([name, button]) => [name, button.parentElement]));
  let points = [];

  const inputItem = element("li", {}, element("button", { type: "button", class: "ranked", disabled: true }, element("span"), element("span", { class: "n" }, "input"), element("span"), element("span"), element("span")));
  items.set("input", inputItem);
  for (const [name, button] of buttons) button.addEventListener("click", () => onSelect(name));
  plot.addEventListener("click", (event) => {
    const box = plot.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 360;
    const near = points.filter(({ row }) => row?.available).sort((a, b) => Math.abs(a.x - x) - Math.abs(b.x - x))[0];
    if (near) onSelect(near.name);
  });

  // What stands in the plot's place while there is nothing to compare.
  function invite(words) {
    plot.replaceChildren(shapeElement("text", { x: 16, y: 52 }, words));
    plot.setAttribute("aria-label", words);
  }

  function render(overview, layer, { shift, border }) {
    for (const [name, button] of buttons) button.toggleAttribute("aria-current", name === layer);
    for (const button of findAll("[aria-current]", list)) button.setAttribute("aria-current", "true");
    if (!overview) return;
    const entries = entriesOf(rows, overview);
    const first = firstOf(entries, overview);
    const most = Math.max(0, ...entries.map(({ found }) => found?.relative ?? 0));
    list.replaceChildren(...ranked(entries).map((entry, position) => fill(entry, position, most, entry.name === first?.name)));
    const moved = shift.map(Math.abs).filter(Boolean);
    head.textContent = moved.length ? `${moved.join(", ")} px in cells` : "";
    draw(entries.filter(({ found }) => found?.state === "compared"), layer, first, most);
    note.textContent = noteOf(entries, overview, border);
  }

  function fill({ name, found, row, rank }, position, most, isFirst) {
    const item = items.get(name);
    const button = item.firstElementChild;
    const [order, , middle, share, cells] = button.children;
    button.classList.toggle("same", rank === 1);
    button.classList.toggle("first", isFirst);
    button.classList.toggle("whole-move", found?.move?.whole ?? false);
    order.textContent = rank === 0 ? String(position + 1) : "";
    share.textContent = rank === 0 ? (found.relative === null ? "∞" : percent(found.relative)) : rank === 1 ? "0" : "";
    cells.textContent = cellsText(found?.move);
    middle.className = rank === 0 ? "" : "t3 xs";
    middle.replaceChildren(...middleOf(found, row, rank, most));
    if (isFirst) middle.append(element("span", { class: "tag" }, "first"));
    return item;
  }

  function middleOf(found, row, rank, most) {
    if (rank === 1) return [found.equal ? "equal, bit for bit" : "equal"];
    if (rank === 2) return [row?.status || found?.state || ""];
    const bar = element("i");
    bar.style.width = `${((found.relative ?? most) / (most || 1)) * LONGEST_BAR}px`;
    return [bar];
  }

  function draw(entries, layer, first, most) {
    const step = most ? niceStep(most) : 0.1;
    const top = step * 3;
    const y = (value) => TOP + TALL - (Math.min(value, top) / top) * TALL;
    points = entries.map((entry, index) => ({ ...entry, x: LEFT + (index * (RIGHT - LEFT)) / Math.max(1, entries.length - 1), y: y(entry.found.relative ?? top) }));
    const lines = [0, 1, 2, 3].flatMap((index) => {
      const at = y(index * step);
      const label = `${number(index * step * 100, step < 0.01 ? 2 : step < 0.1 ? 1 : 0).replace(/\.0+$/, "")}${index === 3 ? " %" : ""}`;
      return [shapeElement("path", { class: "grid-line", d: `M${LEFT} ${at + 0.5}H${RIGHT + 8}` }), shapeElement("text", { x: LEFT - 8, y: at + 4, "text-anchor": "end" }, label)];
    });
    plot.replaceChildren(...lines, ...marks(layer, first));
    plot.setAttribute("aria-label", first ? `Relative difference by depth, first to differ: ${first.name}` : "Relative difference by depth, equal in every layer");
  }

  function marks(layer, first) {
    const parts = [];
    const at = points.find(({ name }) => name === first?.name);
    if (at) {
      const late = at.x > 190;
      parts.push(shapeElement("path", { class: "first", d: `M${at.x} ${TOP - 6}V${TOP + TALL}` }));
      parts.push(shapeElement("text", { class: "first-name", x: at.x + (late ? -6 : 6), y: TOP, "text-anchor": late ? "end" : "start" }, `first to differ: ${first.name}`));
    } else if (points.length) {
      parts.push(shapeElement("text", { class: "first-name", x: LEFT + 6, y: TOP + 20 }, "equal in every layer"));
    }
    parts.push(shapeElement("path", { class: "line", d: points.map(({ x, y }, index) => `${index ? "L" : "M"}${x} ${y}`).join("") }));
    for (const { x, y, name } of points) {
      parts.push(shapeElement("circle", name === layer ? { cx: x, cy: y, r: 4, class: "at" } : { cx: x, cy: y, r: 2.5 }, shapeElement("title", {}, name)));
    }
    return [...parts, ...names()];
  }

  function names() {
    let last = -Infinity;
    const chosen = points.filter(({ x }, index) => (x - last >= NAMES_APART || index === 0) && ((last = x), true));
    return chosen.map(({ x, name }) => shapeElement("text", { x, y: TOP + TALL + 15, "text-anchor": "middle" }, name));
  }

  function noteOf(entries, overview, border) {
    if (overview.equal) return "";
    const passing = entries.find(({ found }) => found?.state === "compared" && found.inside === false);
    return border > 0 && passing ? `From ${passing.name} on, fields pass the border: padding counts.` : "";
  }

  return { render, invite };
}
