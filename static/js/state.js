// The explorer's state and the address that carries it. Knows no element of the page.

const DEFAULTS = {
  size: null, fit: "crop", layer: null, map: null, y: null, x: null, show: "after", colour: "auto", norm: "map",
  sort: "index", tile: "auto", clip: 100, dead: "show", fold: [], explain: false, inspector: "open",
};
const KEYS = ["image", "model", ...Object.keys(DEFAULTS)];

function write(state) {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    const value = state[key];
    const text = Array.isArray(value) ? value.join(",") : value === true ? "1" : value === false ? "0" : String(value ?? "");
    const usual = key in DEFAULTS ? DEFAULTS[key] : null;
    if (value != null && text !== "" && String(value) !== String(usual)) query.set(key, text);
  }
  return `?${query.toString().replaceAll("%2C", ",")}`;
}

function read(base, search) {
  const query = new URLSearchParams(search);
  const state = { ...base, ...DEFAULTS, fold: [], layer: base.layer };
  for (const key of Object.keys(DEFAULTS)) {
    const text = query.get(key);
    if (text === null) continue;
    if (["map", "y", "x", "size", "clip"].includes(key)) state[key] = Number(text);
    else if (key === "explain") state[key] = text === "1";
    else state[key] = key === "fold" ? text.split(",") : text;
  }
  return state;
}

// `set` changes the state and the address: "push" for a step that Back undoes, "replace" for one on the way.
// `blockOf(layer)` names the block that a layer of the address belongs to.
export function createStore(initial, blockOf) {
  let state = { ...DEFAULTS, ...initial };
  const listeners = new Set();
  const tell = (before, origin) => {
    const changed = new Set(KEYS.filter((key) => String(state[key]) !== String(before[key])));
    if (changed.size) for (const listener of listeners) listener(state, changed, origin);
  };
  addEventListener("popstate", () => {
    const before = state;
    state = read(initial, location.search);
    state.layer = blockOf(state.layer) ?? initial.layer;
    tell(before, "history");
  });
  return {
    get: () => state,
    subscribe: (listener) => listeners.add(listener),
    address: (changes = {}) => write({ ...state, ...changes }),
    set(changes, how = "push") {
      const before = state;
      state = { ...state, ...changes };
      if (KEYS.every((key) => String(state[key]) === String(before[key]))) return;
      const address = write(state);
      if (how === "push") history.pushState(history.state, "", address);
      else if (how === "replace") history.replaceState(history.state, "", address);
      tell(before, how);
    },
  };
}
