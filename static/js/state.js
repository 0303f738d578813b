// A page's state and the address that carries it. Knows no element of the page.

// Of which parameters an address consists: those that say what is looked at, those of the view with their defaults,
// and which of them are numbers.
const EXPLORER = {
  identity: ["image", "model"],
  defaults: {
    size: null, fit: "crop", layer: null, map: null, y: null, x: null, show: "after", colour: "auto", norm: "map",
    sort: "index", tile: "auto", clip: 100, dead: "show", fold: [], explain: false, inspector: "open", edits: "", edit: false, diff: false, slide: false,
    pin: false, fires: 4,
    blend: 0, low: null, high: null, gamma: 1, hist: "map", overlay: 0,
    like: "", marks: [], camera: "",
  },
  numbers: ["map", "y", "x", "size", "clip", "fires", "blend", "low", "high", "gamma", "overlay"],
};

function write(state, { identity, defaults }) {
  const query = new URLSearchParams();
  for (const key of [...identity, ...Object.keys(defaults)]) {
    const value = state[key];
    const text = Array.isArray(value) ? value.join(",") : value === true ? "1" : value === false ? "0" : String(value ?? "");
    const usual = key in defaults ? defaults[key] : null;
    if (value != null && text !== "" && String(value) !== String(usual)) query.set(key, text);
  }
  return `?${query.toString().replace(/%(2C|3A|3B|3D)/g, decodeURIComponent)}`;
}

function read(base, search, { defaults, numbers }) {
  const query = new URLSearchParams(search);
  const state = { ...base, ...defaults, layer: base.layer };
  for (const [key, usual] of Object.entries(defaults)) {
    const text = query.get(key);
    if (text === null) continue;
    if (numbers.includes(key)) state[key] = Number(text);
    else if (typeof usual === "boolean") state[key] = text === "1";
    else state[key] = Array.isArray(usual) ? text.split(",") : text;
  }
  return state;
}

// `set` changes the state and the address: "push" for a step that Back undoes, "replace" for one on the way.
// `blockOf(layer)` names the block that a layer of the address belongs to.
export function createStore(initial, blockOf, grammar = EXPLORER) {
  const keys = [...grammar.identity, ...Object.keys(grammar.defaults)];
  let state = { ...grammar.defaults, ...initial };
  const listeners = new Set();
  const tell = (before, origin) => {
    const changed = new Set(keys.filter((key) => String(state[key]) !== String(before[key])));
    if (changed.size) for (const listener of listeners) listener(state, changed, origin);
  };
  addEventListener("popstate", () => {
    const before = state;
    state = read(initial, location.search, grammar);
    state.layer = blockOf(state.layer) ?? initial.layer;
    tell(before, "history");
  });
  return {
    get: () => state,
    subscribe: (listener) => listeners.add(listener),
    address: (changes = {}) => write({ ...state, ...changes }, grammar),
    set(changes, how = "push") {
      const before = state;
      state = { ...state, ...changes };
      if (keys.every((key) => String(state[key]) === String(before[key]))) return;
      const address = write(state, grammar);
      if (how === "push") history.pushState(history.state, "", address);
      else if (how === "replace") history.replaceState(history.state, "", address);
      tell(before, how);
    },
  };
}
