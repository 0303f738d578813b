// One number explained, in the full view under the top bar: patch × kernel = products, their sums, and what the
// layer holds. Asks the service for units; the page tells it which number and hears where the probe goes.

import { attributes, element } from "./microscope-cells.js";
import { context } from "./microscope-context.js";
import { fetchChain, fetchMap, hasKernel, isWeighted, layerOf } from "./microscope-data.js";
import { equation, firstOpened } from "./microscope-equation.js";
import { inputPixel } from "./microscope-pixel.js";
import { count } from "./microscope-numbers.js";
import { pythonScript } from "./microscope-python.js";
import { result } from "./microscope-result.js";
import { createWalk } from "./microscope-walk.js";

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const ARROWS = [["←", "ArrowLeft", "left"], ["↑", "ArrowUp", "up"], ["↓", "ArrowDown", "down"], ["→", "ArrowRight", "right"]];
const PHONE = "(max-width: 767px)";
const STYLES = new URL("../css/microscope.css", import.meta.url).href;

/**
 * Open the microscope in `host`. `run` and `model` are the REST JSON; `lut(name)` and `signedLut()` give 768 bytes;
 * `onMove({layer, channel, y, x})` hears of every new number, `onClose()` of Esc and ×.
 */
export function openMicroscope(host, ctx) {
  const microscope = new Microscope(host, ctx);
  microscope.go({ layer: ctx.layer, channel: ctx.channel, y: ctx.y, x: ctx.x }, { tell: false });
  return { close: () => microscope.close(), move: (at) => microscope.go(at, { tell: false }) };
}

// The style sheet comes with the module, so that a page without a microscope loads neither.
function loadStyles() {
  if ([...document.styleSheets].some(({ href }) => href === STYLES)) return Promise.resolve();
  const link = attributes(element("link"), { rel: "stylesheet", href: STYLES });
  document.head.append(link);
  return new Promise((resolve) => ["load", "error"].forEach((kind) => link.addEventListener(kind, resolve)));
}

class Microscope {
  constructor(host, ctx) {
    this.ctx = ctx;
    this.styles = loadStyles();
    this.trail = [];
    this.opened = new Set();
    this.maps = new Map();
    this.table = false;
    this.returnFocus = document.activeElement;
    this.root = attributes(element("section", "ms"), { "aria-label": "One number explained", "data-state": "loading" });
    this.title = attributes(element("h1", "ms-title"), { tabindex: "-1" });
    this.status = attributes(element("p", "ms-status"), { role: "status" });
    this.crumbs = attributes(element("nav", "ms-crumbs"), { "aria-label": "The way to this number" });
    this.panes = ["context", "equation", "result"].map((name) => element("div", `ms-${name}`));
    attributes(this.panes[0], { tabindex: "0", role: "group", "aria-label": "Where the number lies" });
    this.root.append(this.header(), this.crumbs, element("div", "ms-panes", ...this.panes), this.status);
    host.replaceChildren(this.root);
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey, true);
    this.watch();
    this.title.focus({ preventScroll: true });
  }

  // A new width or theme draws the same number again.
  watch() {
    this.resized = new ResizeObserver(() => this.width !== this.room() && this.draw());
    this.resized.observe(this.panes[1]);
    this.themed = new MutationObserver(() => this.draw());
    this.themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    this.system = matchMedia("(prefers-color-scheme: dark)");
    this.onSystem = () => this.draw();
    this.system.addEventListener("change", this.onSystem);
  }

  header() {
    const arrows = ARROWS.map(([sign, key, words]) => button(sign, () => this.step(key), { className: "ms-key", label: `Move the window ${words}` }));
    this.mover = attributes(element("span", "ms-mover", element("span", "ms-quiet", "Move the window"), ...arrows), { role: "group", "aria-label": "Move the window" });
    this.sentence = element("span", "ms-sentence");
    this.walker = button("Step through", () => this.walk.toggle());
    this.python = button("Copy as Python", () => this.copy(pythonScript(this.ctx.run, this.chain.head, location.origin), "Python copied."), { className: "btn ms-python" });
    return element(
      "header",
      "ms-header",
      this.title,
      this.sentence,
      this.mover,
      this.walker,
      this.python,
      button("Copy link", () => this.copy(location.href, "Link copied.")),
      button("×", () => this.leave(), { className: "ms-close", label: "Close" }),
    );
  }

  /** Show another number; `keep` leaves the trail as it is. */
  async go(at, { tell = true, trail = [] } = {}) {
    this.at = at;
    this.trail = trail;
    this.walk?.stop();
    this.request?.abort();
    this.request = new AbortController();
    this.root.dataset.state = "loading";
    if (at.layer === "input") return this.showPixel();
    if (tell) this.ctx.onMove(at);
    try {
      const [chain] = await Promise.all([fetchChain(this.ctx.run, at, this.request.signal), this.styles]);
      this.show(chain);
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error);
    }
  }

  show(chain) {
    const sameInput = this.chain && this.chain.head.layer === chain.head.layer && this.chain.head.channel === chain.head.channel;
    this.chain = chain;
    if (!sameInput || this.opened.size === 0) {
      this.opened = firstOpened(chain.head);
      this.chosen = false;
      this.focused = null;
    } else if (!this.chosen) this.opened = firstOpened(chain.head);
    this.draw();
  }

  room() {
    return this.panes[1].clientWidth - 32;
  }

  env() {
    const { run, model, image, lut, signedLut } = this.ctx;
    return {
      run,
      model,
      luts: { sequential: lut("viridis"), signed: signedLut() },
      preprocessing: model.preprocessing,
      photo: image?.kind !== "array" && model.preprocessing?.order === "RGB",
      phone: matchMedia(PHONE).matches,
      width: this.width,
      opened: this.opened,
      focused: this.focused,
      table: this.table,
      map: (layer, channel) => this.map(layer, channel),
      explain: (at) => this.go(at, { trail: [...this.trail, this.subject()] }),
      moveTo: (y, x) => this.moveTo(y, x),
      toggle: (c) => this.toggle(c),
      open: (c) => this.openChannel(c),
    };
  }

  subject() {
    const { layer, channel, y, x } = this.at;
    return { layer, channel, y, x };
  }

  map(layer, channel) {
    const key = `${layer}:${channel}`;
    if (!this.maps.has(key)) this.maps.set(key, fetchMap(this.ctx.run, layer, channel));
    return this.maps.get(key);
  }

  draw() {
    if (!this.chain || this.at.layer === "input") return;
    this.width = this.room();
    const env = this.env();
    const { head } = this.chain;
    const middle = equation(head, env);
    this.walk?.stop();
    this.write(this.chain);
    this.panes[0].replaceChildren(context(head, this.at.layer, env));
    this.panes[1].replaceChildren(middle.node);
    this.panes[2].replaceChildren(result(this.chain, middle.scales, env));
    if (hasKernel(head)) (env.phone ? middle.node : this.panes[2].firstChild).append(this.foot(middle.summary));
    this.walk = createWalk(this.panes[1], head, (words, playing) => this.walked(words, playing));
    this.root.dataset.state = "ready";
  }

  walked(words, playing) {
    const line = this.panes[1].querySelector(".ms-readout");
    if (line) line.textContent = words;
    this.walker.textContent = playing ? "Pause" : "Step through";
  }

  foot(summary) {
    const words = this.table ? "As equation" : "All as table";
    const turn = () => {
      this.table = !this.table;
      this.draw();
      this.root.querySelector(".ms-foot button").focus();
    };
    return element("div", "ms-foot", element("span", "", summary), button(words, turn));
  }

  write({ head, subject }) {
    const { channel, y, x } = this.at;
    const vector = layerOf(this.ctx.run, subject.layer).shape.length === 1;
    const place = vector ? [] : [element("span", "ms-place", "row ", element("b", "", String(y)), ", column ", element("b", "", String(x)))];
    this.title.replaceChildren(element("span", "ms-name", head.layer, element("span", "ms-colon", " : "), String(channel)), ...place);
    this.sentence.textContent = sentence(head);
    this.sentence.title = this.sentence.textContent;
    this.mover.hidden = vector;
    this.python.hidden = false;
    this.walker.hidden = this.table || !hasKernel(head);
    this.showTrail();
  }

  showTrail() {
    this.crumbs.replaceChildren(
      ...this.trail.map((at, i) => button(`${at.layer} : ${at.channel}`, () => this.go(at, { trail: this.trail.slice(0, i) }), { className: "ms-link", label: `Back to ${at.layer} : ${at.channel}` })),
    );
    if (this.trail.length) this.crumbs.append(element("span", "", `${this.at.layer} : ${this.at.channel}`));
    this.crumbs.hidden = this.trail.length === 0;
  }

  async showPixel() {
    this.chain = null;
    this.mover.hidden = false;
    this.python.hidden = this.walker.hidden = true;
    this.title.replaceChildren(element("span", "ms-name", "input", element("span", "ms-colon", " : "), String(this.at.channel)), element("span", "ms-place", "row ", element("b", "", String(this.at.y)), ", column ", element("b", "", String(this.at.x))));
    this.sentence.textContent = "Where the chain begins: a number of the image itself.";
    this.showTrail();
    try {
      await this.styles;
      this.width = this.room();
      const views = await inputPixel(this.at, { ...this.env(), signal: this.request.signal });
      this.panes.forEach((pane, i) => pane.replaceChildren(views[i]));
      this.root.dataset.state = "ready";
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error);
    }
  }

  fail(error) {
    const retry = button("Try again", () => this.go(this.at, { tell: false, trail: this.trail }));
    const box = attributes(element("div", "ms-problem", element("b", "", error.title ?? "This number could not be explained"), element("span", "", error.detail ?? error.message), retry), { role: "alert" });
    this.panes[1].replaceChildren(box);
    this.root.dataset.state = "error";
  }

  toggle(c) {
    if (this.opened.has(c)) this.opened.delete(c);
    else this.openQuietly(c);
    this.chosen = true;
    this.redrawStrip();
  }

  openChannel(c) {
    this.openQuietly(c);
    this.chosen = true;
    this.table = false;
    this.draw();
  }

  openQuietly(c) {
    this.opened.add(c);
    this.focused = c;
  }

  // Redrawn around the strip, whose focus stays.
  redrawStrip() {
    const focused = document.activeElement?.classList.contains("ms-strip-bars");
    this.draw();
    if (focused) this.panes[1].querySelector(".ms-strip-bars")?.focus({ preventScroll: true });
  }

  step(key) {
    const [down, right] = MOVES[key];
    const shape = layerOf(this.ctx.run, this.at.layer).shape;
    const [height, width] = shape.length === 3 ? shape.slice(1) : [1, 1];
    this.moveTo(Math.max(0, Math.min(height - 1, this.at.y + down)), Math.max(0, Math.min(width - 1, this.at.x + right)));
  }

  moveTo(y, x) {
    if (y !== this.at.y || x !== this.at.x) this.go({ ...this.at, y, x }, { trail: this.trail });
  }

  // Keys reach the microscope wherever the focus is, unless a control under the focus uses them itself.
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const own = event.target.closest?.("[role=grid], [role=slider], input, select, textarea, .ms-table-frame, .ms-context");
    if (event.key === "Escape") this.leave();
    else if (event.key in MOVES && !own && !this.mover.hidden) this.step(event.key);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  async copy(text, said) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyBySelection(text);
    }
    this.status.textContent = said;
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => { this.status.textContent = ""; }, 4000);
  }

  leave() {
    this.close();
    this.ctx.onClose();
  }

  close() {
    this.request?.abort();
    clearTimeout(this.quiet);
    this.walk?.stop();
    this.resized.disconnect();
    this.themed.disconnect();
    this.system.removeEventListener("change", this.onSystem);
    document.removeEventListener("keydown", this.onKey, true);
    this.root.remove();
    if (this.returnFocus?.isConnected) this.returnFocus.focus({ preventScroll: true });
  }
}

const windowWords = ({ window, inputs }) => `a ${window.height}×${window.width} window on ${inputs[0].layer} : ${inputs[0].channels[0]}`;
const merged = (what) => ({ inputs }) => `${what} of the numbers at this place in ${inputs.map(({ layer }) => layer).join(" and ")}.`;
const OTHER_SENTENCES = {
  maxpool: (unit) => `The largest of ${count(unit.terms)} values under ${windowWords(unit)}.`,
  globalmaxpool: (unit) => `The largest of all ${count(unit.terms)} values of ${unit.inputs[0].layer} : ${unit.channel}.`,
  avgpool: (unit) => `The mean of ${count(unit.terms)} values under ${windowWords(unit)}.`,
  globalavgpool: (unit) => `The mean of all ${count(unit.terms)} values of ${unit.inputs[0].layer} : ${unit.channel}.`,
  batchnorm: ({ inputs }) => `One number of ${inputs[0].layer}, normalised by the statistics of its channel.`,
  scale: ({ inputs }) => `One number of ${inputs[0].layer} times a factor, plus an offset.`,
  lrn: ({ inputs }) => `One number of ${inputs[0].layer}, divided by the strength of its neighbouring channels.`,
  softmax: ({ terms }) => `This value's share of all ${count(terms)}, after the exponential.`,
  add: merged("The sum"),
  mul: merged("The product"),
  concat: ({ inputs }) => `Taken unchanged from ${inputs[0].layer}; the inputs stand one behind the other.`,
  flatten: ({ inputs }) => `Taken unchanged from ${inputs[0].layer}; the maps are read row by row.`,
  pad: ({ inputs, terms }) => (terms ? `Taken unchanged from ${inputs[0].layer}.` : "In the border that padding adds."),
};

function sentence(unit) {
  if (!isWeighted(unit.op)) return OTHER_SENTENCES[unit.op]?.(unit) ?? `A function of one number of ${unit.inputs[0].layer}.`;
  const shape = `${unit.patch.length}×${unit.patch[0].length}×${unit.patch[0][0].length}`;
  const source = unit.inputs[0].layer === "input" ? "the photo" : unit.inputs[0].layer;
  if (unit.op === "linear") return `One number is the dot product of a row of W with the ${count(unit.terms)} values of ${source}, plus a bias.`;
  return `One number is the dot product of a ${shape} kernel with a ${shape} patch of ${source}, plus a bias.`;
}

function button(text, act, { className = "btn", label = "" } = {}) {
  const node = attributes(element("button", className, text), { type: "button", ...(label && { "aria-label": label }) });
  node.addEventListener("click", act);
  return node;
}

// Where the page is not served securely the clipboard's interface is missing.
function copyBySelection(text) {
  const field = element("textarea", "ms-offscreen");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
