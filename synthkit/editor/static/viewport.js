// Where the scene lies in the stage: zoom and pan, in CSS pixels. The event "change" tells of each.

const LARGEST = 40;

export class Viewport extends EventTarget {
  scale = 1;
  x = 0;
  y = 0;
  #fitted = true;
  #stage = { width: 1, height: 1 };
  #scene = { width: 1, height: 1 };

  resize(width, height) {
    this.#stage = { width, height };
    this.#settle();
  }

  show(width, height) {
    this.#scene = { width, height };
    this.fit();
  }

  fit() {
    this.#fitted = true;
    this.#settle();
  }

  zoom(factor, point = { x: this.#stage.width / 2, y: this.#stage.height / 2 }) {
    const scale = Math.min(LARGEST, Math.max(this.#smallest(), this.scale * factor));
    this.x = point.x - ((point.x - this.x) * scale) / this.scale;
    this.y = point.y - ((point.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.#fitted = false;
    this.#settle();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#fitted = false;
    this.#settle();
  }

  // Scene coordinates, where pixel (i, j) covers [i, i + 1) x [j, j + 1).
  toScene({ x, y }) {
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale };
  }

  toStage({ x, y }) {
    return { x: x * this.scale + this.x, y: y * this.scale + this.y };
  }

  // The pixel in the middle of what is seen of the scene.
  middle() {
    const middle = (offset, stage, scene) =>
      Math.round((Math.max(0, offset) + Math.min(stage, offset + scene * this.scale)) / 2);
    const point = {
      x: middle(this.x, this.#stage.width, this.#scene.width),
      y: middle(this.y, this.#stage.height, this.#scene.height),
    };
    const { x, y } = this.toScene(point);
    return { x: Math.floor(x), y: Math.floor(y) };
  }

  // Pans as little as brings a pixel into sight.
  reveal(pixel) {
    const { x, y } = this.toStage({ x: pixel.x + 0.5, y: pixel.y + 0.5 });
    const shift = (place, size) => Math.max(0, 24 - place) - Math.max(0, place - size + 24);
    const [dx, dy] = [shift(x, this.#stage.width), shift(y, this.#stage.height)];
    if (!this.#fitted && (dx || dy)) this.pan(dx, dy);
  }

  #smallest() {
    const { width, height } = this.#scene;
    return Math.min(1, (this.#stage.width - 24) / width, (this.#stage.height - 24) / height);
  }

  // Keeps a fitted scene fitted, and some of any other in sight.
  #settle() {
    const { width, height } = this.#scene;
    const stage = this.#stage;
    if (this.#fitted) {
      this.scale = Math.max(0.01, Math.min((stage.width - 24) / width, (stage.height - 24) / height));
      this.x = (stage.width - width * this.scale) / 2;
      this.y = (stage.height - height * this.scale) / 2;
    }
    const keep = (offset, room, size) => Math.min(room - 48, Math.max(48 - size, offset));
    this.x = keep(this.x, stage.width, width * this.scale);
    this.y = keep(this.y, stage.height, height * this.scale);
    this.dispatchEvent(new Event("change"));
  }
}
