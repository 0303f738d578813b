// One number explained, in the full view under the top bar: patch × kernel = products, their sums, and what the
// layer holds. Asks the service for units; the page tells it which number and hears where the probe goes.

import { attributes, element } from "./microscope-cells.js";
import { context } from "./microscope-context.js";
import { fetchChain, fetchMap, hasKernel, layerOf } from "./microscope-data.js";
import { equation, firstOpened } from "./microscope-equation.js";
import { inputPixel } from "./microscope-pixel.js";
import { pythonScript } from "./microscope-python.js";
import { result } from "./microscope-result.js";
import { createWalk } from "./microscope-walk.js";
import { sentence } from "./microscope-words.js";

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const ARROWS = [["←", "ArrowLeft", "left"], ["↑", "ArrowUp", "up"], ["↓", "ArrowDown", "down"], ["→", "ArrowRight", "right"]];
const PHONE = "(max-width: 767px)";
const STYLES = new URL("../css/microscope.css", import.meta.url).href;

/**
 * Open the microscope in `host`. `run` and `model` are the REST JSON; `lut(name)` and `signedLut()` give 768 bytes;
 * `onMove({layer, channel, y, x})` hears of every new number, `onClose()` of Esc and ×. `slide` opens the walk of the
 * window over the map, `onSlide(open)` hears of it.
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
    this.band = attributes(element("section", "ms-slide"), { "aria-label": "The window slides over the input", hidden: "" });
    this.sliding = ctx.slide;
    this.root.append(this.header(), this.crumbs, this.band, element("div", "ms-panes", ...this.panes), this.status);
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
    const arrow = ([sign, key, words]) => button(sign, () => this.step(key), { className: "ms-key", label: `Move the window ${words}` });
    this.mover = element("span", "ms-mover", element("span", "ms-quiet", "Move the window"), ...ARROWS.map(arrow));
    attributes(this.mover, { role: "group", "aria-label": "Move the window" });
    this.sentence = element("span", "ms-sentence");
    this.walker = button("Step through", () => this.walk.toggle());
    this.slider = button("Walk the map", () => this.turnSlide(!this.sliding));
    this.python = button("Copy as Python", () => this.copyPython(), { className: "btn ms-python" });
    return element(
      "header",
      "ms-header",
      this.title,
      this.sentence,
      this.mover,
      this.walker,
      this.slider,
      this.python,
      button("Copy link", () => this.copy(location.href, "Link copied.")),
      button("×", () => this.leave(), { className: "ms-close", label: "Close" }),
    );
  }

  /** Show another number; `tell` the page of it; `trail` are the numbers that led there. */
  async go(at, { tell = true, trail = [] } = {}) {
    if (document.activeElement?.closest(".ms-equation, .ms-crumbs")) this.title.focus({ preventScroll: true });
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
    const before = this.chain?.head;
    this.chain = chain;
    const sameKernel = before?.layer === chain.head.layer && before.channel === chain.head.channel;
    if (!sameKernel || !this.chosen) {
      this.opened = firstOpened(chain.head);
      this.chosen = false;
      this.focused = null;
    }
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
      explain: (at) => this.go(at, { trail: [...this.trail, this.at] }),
      moveTo: (y, x) => this.moveTo(y, x),
      toggle: (c) => this.toggle(c),
      open: (c) => this.openChannel(c),
    };
  }

  map(layer, channel) {
    const key = `${layer}:${channel}`;
    if (!this.maps.has(key)) {
      this.maps.set(key, fetchMap(this.ctx.run, layer, channel));
      this.maps.get(key).catch(() => this.maps.delete(key));
    }
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
    this.showSlide(head, env);
    this.root.dataset.state = "ready";
  }

  // The walk over the whole map is loaded when it is first asked for.
  async showSlide(head, env) {
    const { createSlide, slides } = await import("./microscope-slide.js");
    this.slider.hidden = !slides(head);
    this.slider.setAttribute("aria-pressed", String(Boolean(this.sliding)));
    this.band.hidden = !this.sliding || !slides(head);
    if (this.band.hidden) return void this.slide?.close();
    this.slide ??= createSlide(this.band, { moveTo: (y, x) => this.moveTo(y, x), onClose: () => this.turnSlide(false) });
    this.slide.show(head, env).catch((problem) => { this.status.textContent = `${problem.title ?? problem.message}. ${problem.detail ?? ""}`; });
  }

  turnSlide(open) {
    this.sliding = open;
    this.ctx.onSlide(open);
    this.showSlide(this.chain.head, this.env());
    if (!open) this.slider.focus({ preventScroll: true });
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
    const vector = layerOf(this.ctx.run, subject.layer).shape.length === 1;
    this.name(head.layer, vector);
    this.sentence.textContent = this.sentence.title = sentence(head);
    this.python.hidden = false;
    this.walker.hidden = this.table || !hasKernel(head);
  }

  // The title and the way here; a value of a vector has no row and no column to move by.
  name(layer, vector) {
    const { channel, y, x } = this.at;
    const strong = (value) => element("b", "", String(value));
    const place = element("span", "ms-place", "row ", strong(y), ", column ", strong(x));
    this.title.replaceChildren(element("span", "ms-name", layer, element("span", "ms-colon", " : "), String(channel)));
    if (!vector) this.title.append(place);
    this.mover.hidden = vector;
    const text = (at) => `${at.layer} : ${at.channel}`;
    const back = (to, i) => {
      const act = () => this.go(to, { trail: this.trail.slice(0, i) });
      return button(text(to), act, { className: "ms-link", label: `Back to ${text(to)}` });
    };
    this.crumbs.replaceChildren(...this.trail.map(back), element("span", "", text(this.at)));
    this.crumbs.hidden = this.trail.length === 0;
  }

  async showPixel() {
    this.chain = null;
    this.python.hidden = this.walker.hidden = this.slider.hidden = this.band.hidden = true;
    this.name("input", false);
    this.sentence.textContent = this.sentence.title = "Where the chain begins: a number of the image itself.";
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
    const title = element("b", "", error.title ?? "This number could not be explained");
    const box = element("div", "ms-problem", title, element("span", "", error.detail ?? error.message), retry);
    this.panes[1].replaceChildren(attributes(box, { role: "alert" }));
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

  copyPython() {
    this.copy(pythonScript(this.ctx.run, this.chain.head, location.origin), "Python copied.");
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
    this.slide?.close();
    this.resized.disconnect();
    this.themed.disconnect();
    this.system.removeEventListener("change", this.onSystem);
    document.removeEventListener("keydown", this.onKey, true);
    this.root.remove();
    if (this.returnFocus?.isConnected) this.returnFocus.focus({ preventScroll: true });
  }
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
