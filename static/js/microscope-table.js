// The terms of a weighted sum as a table: every channel, or every product where channels are few.

import { attributes, element } from "./microscope-cells.js";
import { sourceOf } from "./microscope-data.js";
import { count, fixed } from "./microscope-numbers.js";
import { ranked } from "./microscope-strip.js";
import { channelName } from "./microscope-words.js";

const MOST_ROWS = 1024;

/** A table of the unit's terms, the largest first. */
export function termsTable(unit, env) {
  const few = unit.patch.length <= 4;
  const rows = few ? productRows(unit, env) : channelRows(unit, env);
  const shown = rows.slice(0, MOST_ROWS);
  const heads = few ? ["Channel", "Row", "Column", "Input", "Weight", "Product"] : ["Rank", "Channel", "Sum", "Largest product"];
  const table = element("table", "ms-table");
  const what = few ? "products" : "channels";
  const all = shown.length === rows.length;
  const cut = all ? `All ${count(rows.length)} ${what}, the largest first.` : `The ${count(shown.length)} largest of ${count(rows.length)} ${what}.`;
  const cells = heads.map((text) => attributes(element("th", "", text), { scope: "col" }));
  table.append(element("caption", "", cut), element("thead", "", element("tr", "", ...cells)));
  const body = element("tbody");
  for (const { cells, act, label } of shown) body.append(tableRow(cells, act, label));
  table.append(body);
  return attributes(element("div", "ms-table-frame", table), { tabindex: "0", role: "region", "aria-label": "Terms as a table" });
}

function tableRow([first, ...rest], act, label) {
  const head = attributes(element("th"), { scope: "row" });
  if (act) {
    const button = attributes(element("button", "ms-link", first), { type: "button", "aria-label": label });
    button.addEventListener("click", act);
    head.append(button);
  } else head.append(first);
  return element("tr", "", head, ...rest.map((text) => element("td", "", text)));
}

function channelRows(unit, env) {
  return ranked(unit.by_channel).map(({ channel, sum }, rank) => {
    const products = unit.patch[channel].flatMap((row, y) => row.map((value, x) => value * unit.kernel[channel][y][x]));
    const largest = products.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    const text = channelName(unit, env, channel);
    return { cells: [count(rank + 1), text, fixed(sum), fixed(largest)], act: () => env.open(channel), label: `Open ${text}` };
  });
}

function productRows(unit, env) {
  const rows = unit.patch.flatMap((channel, c) =>
    channel.flatMap((row, y) => row.map((value, x) => ({ c, y, x, value, weight: unit.kernel[c][y][x] }))),
  );
  rows.sort((a, b) => Math.abs(b.value * b.weight) - Math.abs(a.value * a.weight));
  return rows.map(({ c, y, x, value, weight }) => {
    const at = sourceOf(env.run, unit, c, y, x);
    const place = at ? [String(at.y), String(at.x)] : ["padding", "padding"];
    const cells = [channelName(unit, env, c), ...place, fixed(value), fixed(weight, 6), fixed(value * weight)];
    return { cells, act: at && (() => env.explain(at)), label: at && `Explain the input at row ${at.y}, column ${at.x} of ${cells[0]}` };
  });
}
