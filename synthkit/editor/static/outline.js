// The contour of some pixels as a Path2D of closed loops along pixel borders.

// `inside(x, y)` tells whether a pixel belongs; only the box [x, y, width, height] is looked at.
export function outline(inside, [left, top, width, height]) {
  const next = edges(inside, left, top, width, height);
  const path = new Path2D();
  while (next.size) loop(next, path);
  return path;
}

const key = (x, y) => y * 65536 + x;

// For each corner, the corners that the border leads to with the pixels on its right.
function edges(inside, left, top, width, height) {
  const next = new Map();
  const add = (x0, y0, x1, y1) => {
    const from = key(x0, y0);
    if (!next.has(from)) next.set(from, []);
    next.get(from).push([x1, y1]);
  };
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      if (!inside(x, y)) continue;
      if (!inside(x, y - 1)) add(x, y, x + 1, y);
      if (!inside(x + 1, y)) add(x + 1, y, x + 1, y + 1);
      if (!inside(x, y + 1)) add(x + 1, y + 1, x, y + 1);
      if (!inside(x - 1, y)) add(x, y + 1, x, y);
    }
  }
  return next;
}

function loop(next, path) {
  const [start] = next.keys();
  path.moveTo(start % 65536, Math.floor(start / 65536));
  for (let place = start; next.has(place); ) {
    const [x, y] = next.get(place).pop();
    if (!next.get(place).length) next.delete(place);
    place = key(x, y);
    if (place !== start || next.has(place)) path.lineTo(x, y);
  }
  path.closePath();
}
