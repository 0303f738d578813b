// Small words for building elements. Text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const find = (selector, root = document) => root.querySelector(selector);
export const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function shapeElement(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

// Writes only what differs: an equal text written again would lay out the page again.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function place(node, box) {
  for (const [side, value] of Object.entries(box)) node.style[side] = `${value}px`;
}

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const isPhone = () => matchMedia("(max-width: 767px)").matches;
export const isNarrow = () => matchMedia("(max-width: 1183px)").matches;
export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Runs `task` once at the next frame, however often it is asked for.
export function atNextFrame(task) {
  let asked = 0;
  return () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      task();
    });
  };
}

// `task` is done once; whoever asks again gets the same promise.
export function once(task) {
  let done = null;
  return () => (done ??= task());
}

// The style sheet of a part that is loaded when it is first used; resolves when it holds.
export function loadStyles(name) {
  const href = new URL(`../css/${name}.css`, import.meta.url).href;
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return Promise.resolve();
  const link = element("link", { rel: "stylesheet", href });
  document.head.append(link);
  return new Promise((resolve) => ["load", "error"].forEach((kind) => link.addEventListener(kind, resolve)));
}

let toastTimer = 0;
export function say(text) {
  const toast = find("#toast");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (toast.hidden = true), 2500);
}
