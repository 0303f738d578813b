// Numbers as the page writes them: true minus, thousands comma, × between sides. Knows no layer.

const MINUS = "−";

export function number(value, decimals = 2) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : `${MINUS}∞`;
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 10 ** -decimals / 2)) return power(value);
  const text = size.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return value < 0 ? MINUS + text : text;
}

// Too small or large for the decimals of its column: 3.21·10⁻⁵.
function power(value) {
  const [digits, exponent] = value.toExponential(2).split("e");
  const raised = [...String(Number(exponent))].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("");
  return `${digits.replace("-", MINUS)}·10${raised}`;
}

export const whole = (value) => number(value, 0);
export const percent = (share) => `${number(share * 100, 1).replace(/^.*·.*$/, "0.0")} %`;
export const shape = (sides) => sides.join("×");

export function ordinal(rank) {
  const teen = rank % 100 > 10 && rank % 100 < 14;
  return whole(rank) + (teen ? "th" : ["th", "st", "nd", "rd"][rank % 10] ?? "th");
}

// Decimals that keep numbers readable whatever the scale of the layer: 1,824.44 but 2.477 and 0.0312.
export const decimalsFor = (largest, usual) => usual + (largest >= 10 || largest === 0 ? 0 : largest >= 1 ? 1 : 2);
