// Find a layer or a map: `conv4_3:447`, `512×28×28`, part of a name or of an operation; or say what to do: `sort by mean`,
// `colour magma`, `theme dark`. What can be said is what the page's own controls offer.

import { element, find, findAll, loadStyles } from "./dom.js";
import { shape } from "./format.js";
import { isDark } from "./lut.js";

const MOST = 40;
const FILLERS = new Set(["by", "to", "the", "a"]);

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

const wordsOf = (text) => text.toLowerCase().match(/[^\s,]+/g) ?? [];

// The controls of the view as {text, act}, and buttons that are worth a word.
function commands() {
  const labelOf = (control) => find(".label", control.closest("[data-control]"))?.textContent ?? "";
  const change = (control) => control.dispatchEvent(new Event("change", { bubbles: true }));
  const options = findAll("#view-form select").flatMap((select) =>
    [...select.options].map((option) => ({ text: `${labelOf(select)} ${option.text}`, act: () => ((select.value = option.value), change(select)) })),
  );
  const radios = findAll("#view-form [data-control] input[type=radio]").map((radio) => ({ text: `${labelOf(radio)} ${radio.nextElementSibling.textContent}`, act: () => ((radio.checked = true), change(radio)) }));
  const checks = findAll("#view-form input[type=checkbox]").map((box) => ({ text: box.parentElement.textContent.trim(), act: () => box.click() }));
  const themes = ["light", "dark"].map((theme) => ({ text: `Theme ${theme}`, act: () => (theme === "dark") !== isDark() && find(".theme-switch").click() }));
  const buttons = findAll("[data-command]").map((button) => ({ text: button.dataset.command, act: () => button.click() }));
  return [...options, ...radios, ...checks, ...themes, ...buttons];
}

// The commands in which every word that is typed begins a word.
export function commandsFor(text, offered) {
  const typed = wordsOf(text).filter((word) => !FILLERS.has(word));
  if (typed.length === 0) return [];
  return offered.filter((command) => typed.every((word) => wordsOf(command.text).some((each) => each.startsWith(word))));
}

export function createFinder(blocks, { go }) {
  const [panel, input, list] = [find("#find"), find("#find-text"), find("#find-results")];
  let [found, chosen] = [[], 0];

  function render() {
    found = [...matches(blocks, input.value), ...commandsFor(input.value, commands())];
    chosen = Math.min(chosen, Math.max(0, found.length - 1));
    list.replaceChildren(
      ...found.map(({ block, map, text }, index) => {
        const name = text ?? (map === null ? block.name : `${block.name} : ${map}`);
        const note = text ? "command" : `${block.operation}, ${shape(block.shape)}`;
        const item = element("li", { role: "option", id: `found-${index}`, "aria-selected": String(index === chosen) }, element("span", {}, name), element("span", {}, note));
        item.addEventListener("click", () => take(index));
        return item;
      }),
    );
    if (found.length === 0) list.replaceChildren(element("li", { class: "t2" }, element("span", {}, "No layer of this network and no command matches")));
    input.setAttribute("aria-activedescendant", found.length ? `found-${chosen}` : "");
    find(`#found-${chosen}`, list)?.scrollIntoView({ block: "nearest" });
  }

  function take(index) {
    if (!found[index]) return;
    panel.hidePopover();
    const { block, map, act } = found[index];
    if (act) act();
    else go(block.name, map);
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
