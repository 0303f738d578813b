// Every channel's sum as a sorted strip of bars, one tab stop. Knows nothing of the service.

import { attributes, element } from "./microscope-cells.js";
import { count, fixed, signedNumber } from "./microscope-numbers.js";

const HEIGHT = 92;
const MARGIN = 14;

/** Channels from the largest sum to the most negative. */
export function ranked(sums) {
  return sums.map((sum, channel) => ({ sum, channel })).sort((a, b) => b.sum - a.sum || a.channel - b.channel);
}

/** Counts and totals of one sign each. */
function heading(sums, noun) {
  const total = (keep) => sums.filter(keep).reduce((all, value) => all + value, 0);
  const positive = (value) => value > 0;
  const negative = (value) => value < 0;
  return element(
    "div",
    "ms-strip-head",
    element("b", "", `${count(sums.length)} ${noun}, sorted`),
    part(`${count(sums.filter(positive).length)} positive`, total(positive), "ms-positive"),
    element("span", "", `${count(sums.filter((value) => value === 0).length)} exactly zero`),
    part(`${count(sums.filter(negative).length)} negative`, total(negative), "ms-negative"),
    element("span", "ms-hint", "one bar a channel; pick a bar to open it below"),
  );
}

function part(words, total, tone) {
  return element("span", "", `${words} `, element("span", `ms-strong ${tone}`, signedNumber(total)));
}

/**
 * The strip. `name(channel)` says what a bar is; `opened` the channels shown below; `toggle(channel)` opens or
 * closes one; `focused` is the channel opened last; `width` in pixels.
 */
export function strip(sums, { opened, focused, toggle, width, name, noun = "channel sums" }) {
  const order = ranked(sums);
  const canvas = element("canvas", "ms-strip-bars");
  const readout = element("div", "ms-strip-readout");
  const box = element("div", "ms-strip", heading(sums, noun), canvas, readout);
  const state = { order, opened, rank: 0, width };
  attributes(canvas, { role: "slider", tabindex: "0", "aria-label": `${noun}, sorted`, "aria-valuemin": "1", "aria-valuemax": String(order.length) });
  const show = (rank) => {
    state.rank = Math.max(0, Math.min(order.length - 1, rank));
    const { channel, sum } = order[state.rank];
    const text = `${name(channel)}: ${fixed(sum)}`;
    attributes(canvas, { "aria-valuenow": String(state.rank + 1), "aria-valuetext": text });
    readout.textContent = `${text}, rank ${count(state.rank + 1)} of ${count(order.length)}`;
    draw(canvas, state);
  };
  listen(canvas, state, show, toggle);
  state.first = Math.max(0, order.findIndex(({ channel }) => channel === (focused ?? [...opened][0])));
  show(state.first);
  return box;
}

function listen(canvas, state, show, toggle) {
  const rankAt = (event) => {
    const box = canvas.getBoundingClientRect();
    return Math.floor(((event.clientX - box.left) / box.width) * state.order.length);
  };
  canvas.addEventListener("pointermove", (event) => show(rankAt(event)));
  canvas.addEventListener("pointerleave", () => show(state.first));
  canvas.addEventListener("click", (event) => {
    show(rankAt(event));
    toggle(state.order[state.rank].channel);
  });
  canvas.addEventListener("keydown", (event) => {
    const page = Math.ceil(state.order.length / 10);
    const last = state.order.length - 1;
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: -page, PageDown: page, Home: -last, End: last };
    const open = event.key === "Enter" || event.key === " ";
    if (!open && !(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    if (open) toggle(state.order[state.rank].channel);
    else show(state.rank + steps[event.key]);
  });
}

// Drawn in device pixels. Where there are more channels than pixels, a column shows the largest of its channels.
function draw(canvas, { order, opened, rank, width }) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const top = Math.max(0, order[0].sum);
  const bottom = Math.max(0, -order.at(-1).sum);
  const unit = ((HEIGHT - MARGIN) * ratio) / (top + bottom || 1);
  const zero = Math.round(top * unit + 2 * ratio);
  const step = canvas.width / order.length;
  const gap = step >= 3 ? Math.max(1, Math.round(step / 5)) : 0;
  order.forEach(({ channel, sum }, at) => {
    const height = sum === 0 ? 0 : Math.max(ratio, Math.abs(sum) * unit);
    const left = Math.round(at * step);
    context.fillStyle = style.getPropertyValue(sum >= 0 ? "--positive" : "--negative");
    context.globalAlpha = opened.has(channel) ? 1 : 0.45;
    context.fillRect(left, sum >= 0 ? zero - height : zero, Math.max(1, Math.round((at + 1) * step) - left - gap), height);
  });
  context.globalAlpha = 1;
  context.fillStyle = style.getPropertyValue("--line-control");
  context.fillRect(0, zero, canvas.width, Math.max(1, Math.round(ratio)));
  context.fillStyle = style.getPropertyValue("--text");
  context.fillRect(Math.round(rank * step), canvas.height - 3 * ratio, Math.max(2 * ratio, step - gap), 3 * ratio);
}
