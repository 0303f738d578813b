// Find a layer or a map: `conv4_3:447`, `512×28×28`, part of a name or of an operation.

import { element, find, loadStyles } from "./dom.js";
import { shape } from "./format.js";

const MOST = 40;

// Blocks that match, as {block, map}; a map's number counts only where the block has that many.
export function matches(blocks, text) {
  const [, word, number] = text.trim().toLowerCase().replaceAll("x", "×").match(/^(.*?)(?:\s*:\s*(\d+))?$/);
  const plain = text.trim().toLowerCase().replace(/\s*:\s*\d*$/, "");
  const map = number === undefined ? null : Number(number);
  return blocks
    .filter(({ available, shape: sides }) => available && (map === null || map < sides[0]))
    .filter((block) => [...block.layers, block.operation, block.operation_before].some((each) => each.toLowerCase().includes(plain)) || shape(block.shape).startsWith(word))
    .slice(0, MOST)
    .map((block) => ({ block, map }));
}

export function createFinder(blocks, { go }) {
  const [panel, input, list] = [find("#find"), find("#find-text"), find("#find-results")];
  let [found, chosen] = [[], 0];

  function render() {
    found = matches(blocks, input.value);
    chosen = Math.min(chosen, Math.max(0, found.length - 1));
    list.replaceChildren(
      ...found.map(({ block, map }, index) => {
        const name = map === null ? block.name : `${block.name} : ${map}`;
        const item = element("li", { role: "option", id: `found-${index}`, "aria-selected": String(index === chosen) }, element("span", {}, name), element("span", {}, `${block.operation}, ${shape(block.shape)}`));
        item.addEventListener("click", () => take(index));
        return item;
      }),
    );
    if (found.length === 0) list.replaceChildren(element("li", { class: "t2" }, element("span", {}, "No layer of this network matches")));
    input.setAttribute("aria-activedescendant", found.length ? `found-${chosen}` : "");
    find(`#found-${chosen}`, list)?.scrollIntoView({ block: "nearest" });
  }

  function take(index) {
    if (!found[index]) return;
    panel.hidePopover();
    go(found[index].block.name, found[index].map);
  }

  async function open() {
    await loadStyles("explore-finder");
    input.value = "";
    chosen = 0;
    panel.showPopover();
    input.focus();
    render();
  }

  input.addEventListener("input", () => ((chosen = 0), render()));
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      chosen = (chosen + step + found.length) % Math.max(1, found.length);
      render();
    } else if (event.key === "Enter") take(chosen);
  });
  return { open };
}
