// The photo that the network saw, with the probe's receptive field on it; a click on it moves the probe.

import { element, find, place } from "./dom.js";
import { whole } from "./format.js";
import { cellAt, fieldOf } from "./layout.js";

const SMALLEST_BOX = 12;

// `suffix` tells the photos of one page apart: their elements' ids end with it.
export function createPhoto(shape, { onPick, suffix = "" }) {
  const host = find(`#photo${suffix}`);
  const [image, clip, box] = [find("img", host), find(".clip", host), find(".field", host)];
  const passing = element("div", { class: "field hover", hidden: true });
  clip.append(passing);
  const [size, stride, words] = ["#field-size", "#field-stride", "#field-place"].map((id) => find(id + suffix));
  const [rows, columns] = [shape[1], shape[2]];
  let current = null;

  // A field in pixels of the screen, cut to the photo.
  function boxOf(field) {
    const factor = image.clientWidth / columns;
    const [left, top] = [Math.max(0, field.left) * factor, Math.max(0, field.top) * factor];
    const width = (Math.min(columns - 1, field.right) + 1) * factor - left;
    const height = (Math.min(rows - 1, field.bottom) + 1) * factor - top;
    return { left, top, width, height };
  }

  function show(block, cell) {
    current = block && cell ? [block, cell] : null;
    const field = current ? fieldOf(block.receptive_field, cell, shape) : null;
    const at = field ? boxOf(field) : null;
    box.hidden = !at || at.width <= 0 || at.height <= 0;
    place(clip, { width: image.clientWidth, height: image.clientHeight });
    say(current, field);
    if (box.hidden) return;
    place(box, at);
    box.classList.toggle("bracket", Math.max(at.width, at.height) < SMALLEST_BOX);
  }

  // The field in words; in passing that of another layer goes by its name.
  function say(chosen, field) {
    const block = chosen?.[0];
    stride.textContent = "";
    words.textContent = "";
    if (!field) {
      size.textContent = chosen ? "differs between its branches" : "";
      return;
    }
    const [height, width] = [field.bottom - field.top + 1, field.right - field.left + 1];
    size.textContent = field.whole ? "the whole photo" : `${whole(width)}×${whole(height)} px`;
    if (field.whole) return;
    const [down, across] = block.receptive_field.stride;
    stride.textContent = down === across ? `stride ${down}` : `stride ${across}×${down}`;
    const padded = field.top < 0 || field.left < 0 || field.bottom >= rows || field.right >= columns;
    const name = block === current?.[0] ? "" : `${block.name}: `;
    words.textContent = `${name}x ${whole(field.left)} to ${whole(field.right)}, y ${whole(field.top)} to ${whole(field.bottom)}${padded ? ", padded" : ""}`;
  }

  function hover(block, cell) {
    const chosen = block && cell ? [block, cell] : current;
    const field = chosen ? fieldOf(chosen[0].receptive_field, chosen[1], shape) : null;
    const at = field && chosen !== current ? boxOf(field) : null;
    passing.hidden = !at || at.width <= 0 || at.height <= 0;
    say(chosen, field);
    if (!passing.hidden) place(passing, at);
  }

  function pixelOf(event) {
    const bounds = image.getBoundingClientRect();
    const at = (offset, side, cells) => Math.min(cells - 1, Math.max(0, Math.floor((offset / side) * cells)));
    return [at(event.clientY - bounds.top, bounds.height, rows), at(event.clientX - bounds.left, bounds.width, columns)];
  }

  image.addEventListener("click", (event) => {
    if (!current) return;
    const cell = cellAt(current[0].receptive_field, pixelOf(event), onPick.volume(current[0]));
    if (cell) onPick.pick(cell);
  });

  return { host, show, hover, pixelOf, refresh: () => current && show(...current), isSettled: () => image.complete };
}
