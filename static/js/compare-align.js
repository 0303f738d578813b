// Lays B's and B − A's maps on the cells of A: B moved back, the difference put where it was compared. Pure.
// A laid layer has a `valid` box (top, left, bottom, right, the last two not included); outside it there is no value.

// B's layer with cell (y, x) taken from (y + down, x + right).
export function movedBack(layer, [down, right]) {
  if (!down && !right) return layer;
  const { height, width } = layer;
  const valid = {
    top: Math.max(0, -down), left: Math.max(0, -right),
    bottom: height - Math.max(0, down), right: width - Math.max(0, right),
  };
  return laid(layer, height, width, valid, (y) => y + down, right);
}

// B − A of the compared cells as a layer of A's height and width.
export function placed(difference, { top, left, height, width }, [fullHeight, fullWidth]) {
  const valid = { top, left, bottom: top + height, right: left + width };
  return laid(difference, fullHeight, fullWidth, valid, (y) => y - top, -left);
}

function laid(layer, height, width, valid, rowOf, right) {
  const bytes = new Uint8Array(layer.maps * height * width).fill(layer.signed ? 128 : 0);
  for (let k = 0; k < layer.maps; k++) {
    for (let y = valid.top; y < valid.bottom; y++) {
      const from = (k * layer.height + rowOf(y)) * layer.width + valid.left + right;
      bytes.set(layer.bytes.subarray(from, from + valid.right - valid.left), (k * height + y) * width + valid.left);
    }
  }
  const { signed, maps, low, high, full } = layer;
  return { signed, maps, height, width, low, high, full, bytes, valid };
}

// The cell with the largest size in one map of a layer, within its valid box.
export function largestCell(layer, k) {
  const { top, left, bottom, right } = layer.valid ?? { top: 0, left: 0, bottom: layer.height, right: layer.width };
  let [most, at] = [-1, [top, left]];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const byte = layer.bytes[(k * layer.height + y) * layer.width + x];
      const size = layer.signed ? Math.abs(byte - 128) : byte;
      if (size > most) [most, at] = [size, [y, x]];
    }
  }
  return at;
}

// What the compared cells of one map amount to: how many rise and fall, and how A and B go together. `a` and `b` are
// the whole maps' values, `b` still where B's network has them.
export function cellNumbers(a, b, width, { top, left, height, width: across }, [down, right]) {
  const pairs = [];
  let [up, fallen, equal, sumA, sumB] = [0, 0, 0, 0, 0];
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + across; x++) {
      const pair = [a[y * width + x], b[(y + down) * width + x + right]];
      pairs.push(pair);
      if (pair[1] > pair[0]) up += 1;
      else if (pair[1] < pair[0]) fallen += 1;
      else equal += 1;
      sumA += pair[0];
      sumB += pair[1];
    }
  }
  return { pairs, up, down: fallen, equal, correlation: correlation(pairs, sumA / pairs.length, sumB / pairs.length) };
}

function correlation(pairs, meanA, meanB) {
  let [both, onlyA, onlyB] = [0, 0, 0];
  for (const [a, b] of pairs) {
    both += (a - meanA) * (b - meanB);
    onlyA += (a - meanA) ** 2;
    onlyB += (b - meanB) ** 2;
  }
  return onlyA && onlyB ? both / Math.sqrt(onlyA * onlyB) : null;
}
