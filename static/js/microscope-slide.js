// The kernel slides over all positions and the map fills in: the window on the input, its padding shown, and the output
// with the cells made so far. Knows one unit's window and two maps; which number is explained is the microscope's business.

import { attributes, element } from "./microscope-cells.js";
import { layerOf, sourceChannel } from "./microscope-data.js";
import { count, fixed } from "./microscope-numbers.js";
import { placed, scaleFor } from "./microscope-pictures.js";
import { ranked } from "./microscope-strip.js";

const SIDE = 224;
const MOST_TAPS = 49;
const CALM = "(prefers-reduced-motion: reduce)";
// Positions a second, of a map of height×width cells.
const SPEEDS = [["4 a second", () => 4], ["1 row a second", (_, width) => width], ["1 map a second", (height, width) => height * width]];

/** Whether a unit's layer has a window that slides: convolution, local, pooling. */
export const slides = (unit) => Boolean(unit.window) && !unit.receptive_field?.whole;

/** A walk in `host`; `moveTo(y, x)` takes the explained number along, `onClose()` hears of ×. */
export function createSlide(host, { moveTo, onClose }) {
  let [unit, env, at, key, timer, began] = [null, null, 0, "", 0, null];
  let [input, output, filled] = [null, null, null];
  const calm = matchMedia(CALM).matches;
  const figures = element("div", "ms-slide-figures");
  const track = attributes(element("input", "ms-slide-track"), { type: "range", min: 0, value: 0, "aria-label": "Position of the window" });
  const speed = attributes(element("select", "ms-slide-speed"), { "aria-label": "Speed" });
  const words = attributes(element("output", "ms-slide-words"), { "aria-live": "off" });
  const play = button("Play", () => (timer ? pause() : start()));
  speed.append(...SPEEDS.map(([title], i) => attributes(element("option", "", title), { value: i })));
  track.addEventListener("input", () => (pause(), to(Number(track.value))));
  track.addEventListener("change", settle);
  speed.addEventListener("change", () => timer && start());
  play.hidden = speed.hidden = calm;
  const controls = element("div", "ms-slide-controls", play, button("Back", () => step(-1)), button("Step", () => step(1)), button("Restart", () => (pause(), to(0), settle())), track, speed);
  host.replaceChildren(element("header", "ms-slide-head", element("h2", "h", "The window slides, the map fills in"), words, button("×", onClose, "ms-close", "Close the walk")), figures, controls);

  const cells = () => layerOf(env.run, unit.layer).shape.slice(-2);

  /** Follow the microscope to its number. */
  async function show(next, around) {
    const c = next.by_channel ? ranked(next.by_channel)[0].channel : 0;
    const now = `${around.run.id} ${next.layer} ${next.channel}`;
    [unit, env] = [next, around];
    if (now !== key) await load(now, c);
    const [, width] = cells();
    if (filled && !timer) to(unit.y * width + unit.x);
  }

  async function load(now, c) {
    pause();
    [key, filled] = [now, null];
    host.dataset.state = "loading";
    const source = sourceChannel(unit, c);
    const [before, after] = await Promise.all([env.map(source.layer, source.channel), env.map(unit.layer, unit.channel)]);
    if (now !== key) return;
    input = inputPicture(unit, before, source, env);
    // Step for step the two are of one scale.
    output = outputPicture(unit, after, env, Math.max(...unit.window.stride) === 1 ? input.factor : factorOf(after.length, after[0].length));
    filled = after;
    track.max = after.length * after[0].length - 1;
    figures.replaceChildren(input.node, element("span", "ms-sign", "→"), output.node);
    host.dataset.state = "ready";
  }

  // The walk at a position: figures and words, not the equation.
  function to(position) {
    const [height, width] = cells();
    at = Math.max(0, Math.min(height * width - 1, position));
    const [y, x] = [Math.floor(at / width), at % width];
    input.move(y, x);
    output.fill(y, x);
    track.value = at;
    words.textContent = `row ${y}, column ${x}: ${fixed(filled[y][x])}. Position ${count(at + 1)} of ${count(height * width)}`;
    track.setAttribute("aria-valuetext", words.textContent);
  }

  function settle() {
    const [, width] = cells();
    moveTo(Math.floor(at / width), at % width);
  }

  function step(by) {
    pause();
    if (filled) (to(at + by), settle());
  }

  function start() {
    if (!filled) return;
    cancelAnimationFrame(timer);
    const [height, width] = cells();
    const last = height * width - 1;
    began = { at: at >= last ? 0 : at, rate: SPEEDS[speed.value][1](height, width), time: performance.now() };
    play.textContent = "Pause";
    timer = requestAnimationFrame(frame);
  }

  // At four positions a second the equation comes along; faster, only the figures do. A pointer on them holds the walk.
  function frame(now) {
    const [height, width] = cells();
    if (figures.matches(":hover")) began = { ...began, at, time: now };
    const next = Math.min(height * width - 1, began.at + Math.floor(((now - began.time) / 1000) * began.rate));
    if (next !== at) {
      to(next);
      if (began.rate === 4) settle();
    }
    if (next === height * width - 1) pause();
    else timer = requestAnimationFrame(frame);
  }

  function pause() {
    if (!timer) return;
    cancelAnimationFrame(timer);
    timer = 0;
    play.textContent = "Play";
    settle();
  }

  return {
    show,
    close() {
      cancelAnimationFrame(timer);
      timer = 0;
    },
  };
}

function button(text, act, className = "btn", label = "") {
  const node = attributes(element("button", className, text), { type: "button", ...(label && { "aria-label": label }) });
  node.addEventListener("click", act);
  return node;
}

// Where the window of output cell (0, 0) begins, how far it reaches, and how many cells the input has with its padding.
function geometry({ window: { top, left, height, width, stride }, y, x }, [rows, columns], [high, wide]) {
  const [first, start] = [top - y * stride[0], left - x * stride[1]];
  const [last, end] = [first + (high - 1) * stride[0] + height, start + (wide - 1) * stride[1] + width];
  const [from, begin] = [Math.min(0, first), Math.min(0, start)];
  return { first, start, from, begin, height: Math.max(rows, last) - from, width: Math.max(columns, end) - begin };
}

const factorOf = (height, width) => Math.max(1, Math.floor(SIDE / Math.max(height, width)));

function inputPicture(unit, rows, { layer, channel }, env) {
  const { window } = unit;
  const around = geometry(unit, [rows.length, rows[0].length], layerOf(env.run, unit.layer).shape.slice(-2));
  const factor = factorOf(around.height, around.width);
  const box = (y, x, height, width) => [(x - around.begin) * factor, (y - around.from) * factor, width * factor, height * factor];
  const canvas = attributes(pixels(rows, scaleFor(rows.flatMap((row) => [...row]), layer, env)), { role: "img", "aria-label": `${layer} map ${channel}` });
  const frame = placed(element("div", "ms-slide-frame ms-padding", placed(canvas, box(0, 0, rows.length, rows[0].length))), [0, 0, around.width * factor, around.height * factor]);
  const mark = element("span", "ms-mark");
  const taps = tapsOf(unit);
  frame.append(...taps.map(({ node }) => node), mark);
  const padded = around.height > rows.length || around.width > rows[0].length;
  return {
    factor,
    node: figure(frame, `${layer} : ${channel}`, padded ? `${rows.length}×${rows[0].length}, hatched: zeros of the padding` : `${rows.length}×${rows[0].length}`),
    move(y, x) {
      const [top, left] = [around.first + y * window.stride[0], around.start + x * window.stride[1]];
      placed(mark, box(top, left, window.height, window.width));
      for (const tap of taps) placed(tap.node, box(top + tap.y, left + tap.x, 1, 1));
    },
  };
}

// A dilated window leaves cells out: those that it takes are marked one by one.
function tapsOf({ window: { height, width, dilation } }) {
  if (Math.max(...dilation) === 1) return [];
  const at = (size, apart) => Array.from({ length: Math.floor((size - 1) / apart) + 1 }, (_, i) => i * apart);
  const taps = at(height, dilation[0]).flatMap((y) => at(width, dilation[1]).map((x) => ({ y, x, node: element("span", "ms-tap") })));
  return taps.length <= MOST_TAPS ? taps : [];
}

function outputPicture(unit, rows, env, factor) {
  const [height, width] = [rows.length, rows[0].length];
  const scale = scaleFor(rows.flatMap((row) => [...row]), unit.layer, env);
  const full = imageOf(rows, scale);
  const canvas = attributes(element("canvas", "ms-canvas ms-slide-output"), { role: "img", "aria-label": `${unit.layer} map ${unit.channel}, as far as it is made` });
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const mark = element("span", "ms-mark");
  const frame = placed(element("div", "ms-slide-frame", placed(canvas, [0, 0, width * factor, height * factor]), mark), [0, 0, width * factor, height * factor]);
  return {
    node: figure(frame, `${unit.layer} : ${unit.channel}`, `${height}×${width}`),
    fill(y, x) {
      context.clearRect(0, 0, width, height);
      if (y > 0) context.putImageData(full, 0, 0, 0, 0, width, y);
      context.putImageData(full, 0, 0, 0, y, x + 1, 1);
      canvas.dataset.made = y * width + x + 1;
      placed(mark, [x, y, 1, 1].map((side) => side * factor));
    },
  };
}

function figure(frame, left, right) {
  const caption = element("figcaption", "ms-caption", element("span", "", left), element("span", "", right));
  return element("figure", "ms-slide-figure", attributes(element("div", "ms-slide-scroll", frame), { tabindex: 0, role: "group", "aria-label": left }), caption);
}

function imageOf(rows, scale) {
  const image = new ImageData(rows[0].length, rows.length);
  rows.forEach((row, y) => row.forEach((value, x) => image.data.set([...scale.colour(value), 255], 4 * (y * row.length + x))));
  return image;
}

function pixels(rows, scale) {
  const canvas = element("canvas", "ms-canvas");
  [canvas.width, canvas.height] = [rows[0].length, rows.length];
  canvas.getContext("2d").putImageData(imageOf(rows, scale), 0, 0);
  return canvas;
}
