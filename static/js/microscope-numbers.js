// How the microscope writes numbers: to four decimals, and as text that fits a cell. Knows no DOM.

import { number } from "./format.js";

export { whole as count } from "./format.js";

/** One explained number: four decimals, `−1,234.5678`. */
export const fixed = (value, decimals = 4) => number(value, decimals);

/** `0.0000052` as `5·10⁻⁶`: how far two numbers are apart, to one digit. */
export function magnitude(value) {
  const [digit, exponent] = value.toExponential(0).split("e");
  const power = [...String(Number(exponent))].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("");
  return `${digit}·10${power}`;
}

/** With its sign, for sums whose direction is the point. */
export function signedNumber(value, decimals = 1) {
  return value > 0 ? `+${fixed(value, decimals)}` : fixed(value, decimals);
}

/** Decimals that leave about four significant digits to the largest value of a column. */
export function decimalsFor(largest) {
  if (largest >= 1000 || largest === 0) return 0;
  if (largest >= 100) return 1;
  if (largest >= 1) return 2;
  return Math.min(6, 3 + Math.max(0, Math.floor(-Math.log10(largest))));
}

// Advances of Inter's tabular figures, as shares of the font size.
const ADVANCE = { ".": 0.28, ",": 0.28, "·": 0.28 };

function textWidth(text, fontSize) {
  let width = 0;
  for (const sign of text) width += (ADVANCE[sign] ?? 0.63) * fontSize;
  return width;
}

/** How a column of cells is written so that each number fits: `{places, bare}`; null where none does. */
export function columnFormat(values, width, fontSize) {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let places = decimalsFor(largest); places >= 0; places -= 1) {
    for (const bare of largest < 1 ? [false, true] : [false]) {
      const format = { places, bare };
      if (values.every((value) => textWidth(cellText(value, format), fontSize) <= width)) return format;
    }
  }
  return null;
}

/** One value in its column's format; zero is `0`, and `bare` leaves the zero before the point away. */
export function cellText(value, { places, bare }) {
  if (!Number.isFinite(value)) return fixed(value);
  const text = value === 0 ? "0" : Math.abs(value).toFixed(places);
  const sign = value < 0 && Number(text) !== 0 ? "−" : "";
  return sign + (bare ? text.replace(/^0\./, ".") : text);
}
