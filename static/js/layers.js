// Holds the run's layers as they arrive: asks for the nearest first, a few at a time, and says what became of each.
// Knows the service and the layers' names, no element of the page.

import { fetchBuffer, fetchJson, layerPath, shownPath, unitPath } from "./api.js";
import { parseNpy, parseQuantised } from "./quantised.js";
import { rangeOf } from "./tone.js";

const AT_ONCE = 4;
const KEPT_BYTES = 160 * 2 ** 20;
const KEPT_ANSWERS = 96;
const FIRST_RETRY = 3;

export function createLayers(run) {
  const entries = new Map();
  const listeners = new Set();
  let wanted = [];
  let running = 0;

  const entryOf = (name) => {
    if (!entries.has(name)) entries.set(name, { state: "waiting", data: null, range: 0, problem: null, until: 0, controller: null, timer: 0 });
    return entries.get(name);
  };
  const tell = (name) => listeners.forEach((listener) => listener(name, entryOf(name)));
  const change = (name, changes) => (Object.assign(entryOf(name), changes), tell(name));

  async function load(name) {
    const controller = new AbortController();
    running += 1;
    change(name, { state: "loading", problem: null, controller, since: performance.now() });
    try {
      const data = parseQuantised(await fetchBuffer(shownPath(run, name, "format=u8"), { signal: controller.signal }));
      change(name, { state: "ready", data, range: rangeOf(data), controller: null });
    } catch (problem) {
      if (problem.name !== "AbortError") fail(name, problem);
    } finally {
      running -= 1;
      release();
      pump();
    }
  }

  function fail(name, problem) {
    const wait = problem.retryAfter ?? (problem.unreachable ? FIRST_RETRY : null);
    const entry = entryOf(name);
    change(name, { state: "failed", problem, controller: null, until: wait ? performance.now() + wait * 1000 : 0 });
    if (wait) entry.timer = setTimeout(() => retry(name), wait * 1000);
  }

  function retry(name) {
    const entry = entryOf(name);
    clearTimeout(entry.timer);
    if (entry.state !== "failed" && entry.state !== "stopped") return;
    change(name, { state: "waiting", problem: null, until: 0 });
    pump();
  }

  function pump() {
    for (const name of wanted) {
      if (running >= AT_ONCE || kept() > KEPT_BYTES) return;
      if (entryOf(name).state === "waiting") load(name);
    }
  }

  const kept = () => [...entries.values()].reduce((sum, { data }) => sum + (data?.bytes.length ?? 0), 0);

  // Over the budget the layers asked for last go first; they are fetched again when they come near.
  function release() {
    let excess = kept() - KEPT_BYTES;
    const ranks = new Map(wanted.map((name, rank) => [name, rank]));
    const far = [...entries].filter(([, { data }]) => data).sort(([a], [b]) => (ranks.get(b) ?? 1e9) - (ranks.get(a) ?? 1e9));
    for (const [name, entry] of far.slice(0, -AT_ONCE)) {
      if (excess <= 0) return;
      excess -= entry.data.bytes.length;
      change(name, { state: "waiting", data: null });
    }
  }

  return {
    entry: entryOf,
    data: (name) => entries.get(name)?.data ?? null,
    subscribe: (listener) => listeners.add(listener),
    retry,
    retryAll: () => [...entries].forEach(([name, { state }]) => state === "failed" && retry(name)),
    // Layers in the order in which they are needed; those under way but no longer in the list are aborted.
    want(names) {
      wanted = names;
      for (const [name, { state, controller }] of entries) {
        if (state === "loading" && !names.includes(name)) {
          controller.abort();
          change(name, { state: "waiting", controller: null });
        }
      }
      pump();
    },
    // What these layers hold is no longer so: they are asked for again, and shown as they were until then.
    renew(names) {
      for (const name of names) {
        const entry = entryOf(name);
        entry.controller?.abort();
        clearTimeout(entry.timer);
        change(name, { state: "waiting", problem: null, until: 0, controller: null });
      }
    },
    stop(name) {
      entryOf(name).controller?.abort();
      change(name, { state: "stopped", controller: null });
    },
  };
}

// Exact numbers beside the bytes, each asked for once: one map's values, a layer's statistics, one number explained.
export function createExact(run) {
  const answers = new Map();
  const settled = new Map();
  const once = (key, ask) => {
    if (!answers.has(key)) {
      if (answers.size >= KEPT_ANSWERS) forget(answers.keys().next().value);
      const answer = ask();
      answers.set(key, answer);
      answer.then((value) => answers.get(key) === answer && settled.set(key, value), () => forget(key));
    }
    return answers.get(key);
  };
  const forget = (key) => (answers.delete(key), settled.delete(key));
  const mapKey = (layer, k) => `${run.base ? `${run.base} ` : ""}${run.id} ${layer} ${k}`;
  const map = (path, layer, k, of = run) => async () => parseNpy(await fetchBuffer(path(of, layer, `format=npy&map=${k}`)));
  return {
    // The values shown, and those that a run holds: the same unless a change is shown.
    values: (layer, k) => once(mapKey(layer, k), map(shownPath, layer, k)),
    of: (id, layer, k) => once(`${id} ${layer} ${k}`, map(layerPath, layer, k, { id })),
    knownValues: (layer, k) => settled.get(mapKey(layer, k)) ?? null,
    // Of a change there are none: what is said of it comes from its bytes.
    statistics: (layer) => (run.base ? Promise.reject(new Error("no statistics of a change")) : once(`json ${run.id} ${layer}`, () => fetchJson(layerPath(run, layer, "format=json")))),
    knownStatistics: (layer) => (run.base ? null : (settled.get(`json ${run.id} ${layer}`) ?? null)),
    unit: (layer, place, vector) => once(`unit ${run.id} ${layer} ${place}`, () => fetchJson(unitPath(run, layer, place, vector))),
  };
}
