// Numbers of edits in words and in fields. Pure.

/** Up to six digits, a true minus, no trailing zeros. */
export const plain = (value) => String(Number(value.toPrecision(6))).replace("-", "−");

/** As a field takes it. */
export const typed = (value) => String(Number(value.toPrecision(5)));

/** The shortest decimal that is the same float32. */
export function exactly(value) {
  const single = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(single.toPrecision(digits));
    if (Math.fround(text) === single) return text;
  }
  return Number(single.toPrecision(9));
}
