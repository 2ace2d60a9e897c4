// The label and instance ids of a scene's pixels, as the server's views tell them.

export class Maps {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.label = new Int32Array(width * height);
    this.instance = new Int32Array(width * height);
  }

  // Takes over the pixels of a view's box: runs of regions, row by row.
  patch({ box: [left, top, width, height], regions, runs }) {
    let place = 0;
    for (let k = 0; k < runs.length; k += 2) {
      const [label, instance] = regions[runs[k]];
      for (const end = place + runs[k + 1]; place < end; ) {
        const row = Math.floor(place / width);
        const stop = Math.min(end, (row + 1) * width);
        const start = (top + row) * this.width + left - row * width;
        this.label.fill(label, start + place, start + stop);
        this.instance.fill(instance, start + place, start + stop);
        place = stop;
      }
    }
    if (place !== width * height) throw new Error(`runs of ${place} pixels for a box of ${width} x ${height}`);
  }

  has(x, y) {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }

  at(x, y) {
    if (!this.has(x, y)) return null;
    const place = y * this.width + x;
    return { label: this.label[place], instance: this.instance[place] };
  }
}
