// One number explained in three lines, from the API's account of it. Knows units, not the page.

import { element } from "./dom.js";
import { decimalsFor, number, shape, whole } from "./format.js";

const WEIGHTED = new Set(["conv", "local", "linear"]);

// Lines as [words, number, is the total]; `unit` explains the value before the block's function.
export function linesOf(unit, block, after) {
  const decimals = decimalsFor(Math.abs(unit.total), 2);
  const text = (value) => number(value, decimals);
  if (WEIGHTED.has(unit.op)) return weighted(unit, block, after, text);
  if (unit.winner) {
    return [
      [`largest of ${whole(unit.terms)} values`, text(unit.winner.value)],
      [`at row ${unit.winner.y}, column ${unit.winner.x} of ${source(unit)}`, ""],
      [unit.layer, text(unit.value), true],
    ];
  }
  return [
    [unit.formula || unit.op, ""],
    [`from ${source(unit)}`, typeof unit.before?.value === "number" ? text(unit.before.value) : ""],
    [unit.layer, text(unit.value), true],
  ];
}

const source = (unit) => (unit.inputs ?? []).map(({ layer }) => layer).join(", ");

function weighted(unit, block, after, text) {
  const size = unit.kernel && unit.window ? `${shape([unit.by_channel?.length ?? 1, unit.window.height, unit.window.width])} = ` : "";
  const lines = [
    [`Σ of ${size}${whole(unit.terms)} products`, text(unit.products_sum)],
    ["+ bias", text(unit.bias)],
  ];
  if (!block.function) return [...lines, [unit.layer, text(unit.total), true]];
  if (block.function === "ReLU" && unit.total > 0) return [...lines, ["Before and after ReLU", text(unit.total), true]];
  const rest = after === null ? [] : [[`After ${block.function}`, text(after), true]];
  return [...lines, [`Before ${block.function}`, text(unit.total), true], ...rest];
}

export function showLines(list, lines) {
  list.replaceChildren(
    ...lines.flatMap(([words, value, total]) => [
      element("dt", { class: total ? "total" : "" }, words),
      element("dd", { class: total ? "total" : "" }, value),
    ]),
  );
}

export function showFault(list, problem) {
  list.replaceChildren(element("dd", { class: "fault-text", role: "alert" }, `${problem.title}. ${problem.detail}`));
}
