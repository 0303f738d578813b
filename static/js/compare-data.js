// The numbers of two runs as they arrive: layers of both, B − A of a layer, and how much every layer differs.
// Knows the service, no element of the page.

import { fetchBuffer, fetchJson, runPath } from "./api.js";
import { movedBack, placed } from "./compare-align.js";
import { createExact, createLayers } from "./layers.js";
import { parseQuantised } from "./quantised.js";

const KEPT = 12;
const RETRY_SECONDS = 3;

export function createPair(a, b, onChange) {
  const sides = { a: sideOf(a), b: b && sideOf(b) };
  const answers = new Map();

  function sideOf({ run }) {
    const layers = createLayers(run);
    layers.subscribe(onChange);
    return { layers, exact: createExact(run) };
  }

  // What the service answers for a path, asked for once; null until it is there.
  function answer(path, ask) {
    if (!answers.has(path)) {
      if (answers.size >= KEPT) answers.delete(answers.keys().next().value);
      start(path, ask);
    }
    return answers.get(path);
  }

  function start(path, ask) {
    const entry = { value: null, problem: null };
    answers.set(path, entry);
    ask(path).then(
      (value) => (entry.value = value),
      (problem) => {
        entry.problem = problem;
        const wait = problem.retryAfter ?? (problem.unreachable ? RETRY_SECONDS : null);
        if (wait) setTimeout(() => retry(path), wait * 1000);
      },
    ).then(onChange);
  }

  // Forgets an answer that failed, or all of them: what is still shown asks again.
  function retry(path = null) {
    for (const [key, { problem }] of answers) if (problem && (path === null || key === path)) answers.delete(key);
    for (const side of [sides.a, sides.b]) side?.layers.retryAll();
    onChange();
  }

  const alignment = ({ shift, border }) => `to=${b.run.id}&shift=${shift}&border=${border}`;
  const differencePath = (layer, align, format) =>
    `${runPath(a.run)}/layers/${encodeURIComponent(layer)}/difference?${alignment(align)}&format=${format}`;
  const bytesOf = async (path) => parseQuantised(await fetchBuffer(path));

  // A layer of both and their difference, laid on A's cells; what is not there yet is null.
  function chosen(row, align) {
    sides.a.layers.want([row.layer]);
    sides.b?.layers.want([row.partner]);
    const [ours, theirs] = [sides.a.layers.entry(row.layer), sides.b?.layers.entry(row.partner)];
    const numbers = sides.b ? answer(differencePath(row.layer, align, "json"), fetchJson) : { value: null };
    const change = sides.b ? answer(differencePath(row.layer, align, "u8"), bytesOf) : { value: null };
    const problem = [ours, theirs, numbers, change].map((entry) => entry?.problem).find(Boolean) ?? null;
    const by = numbers.value?.move.by ?? null;
    return {
      row, problem, by, numbers: numbers.value, a: ours.data,
      b: theirs?.data && by && laidOnce(theirs.data, `${by}`, () => movedBack(theirs.data, by)),
      difference: change.value && numbers.value && ours.data
        ? laidOnce(change.value, "placed", () => placed(change.value, numbers.value.region, [ours.data.height, ours.data.width]))
        : null,
    };
  }

  function laidOnce(layer, key, make) {
    if (layer.laid?.key !== key) layer.laid = { key, layer: make() };
    return layer.laid.layer;
  }

  // All layers' numbers, or null; the last that were there stay while others are on their way.
  let last = null;
  function overview(align) {
    if (!b) return { value: null, problem: null, current: true };
    const entry = answer(`${runPath(a.run)}/differences?${alignment(align)}&maps=0`, fetchJson);
    last = entry.value ?? last;
    return { value: last, problem: entry.problem, current: entry.value !== null };
  }

  // Exact values of one map of both sides as [A, B], null where they have not arrived; asks for them.
  function values({ layer, partner }, k) {
    return [[sides.a, layer], [sides.b, partner]].map(([side, name]) => {
      if (!side) return null;
      const known = side.exact.knownValues(name, k);
      if (!known) side.exact.values(name, k).then(onChange, () => {});
      return known;
    });
  }

  return {
    chosen, overview, values, retry,
    differencePath,
  };
}
