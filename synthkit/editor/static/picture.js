// Draws the scene: labels, image, labels over image, or one beside the other.

import { packed } from "./colours.js";
import { IGNORED } from "./session.js";

const DARKER = 0.72; // the pixels where two instances of a class meet
const WAITING = 0.3; // opacity of the labels in place of an image that is not there yet

export class Picture {
  #labels = document.createElement("canvas");

  constructor(canvas, session, rendering, choices, viewport) {
    Object.assign(this, { canvas, session, rendering, choices, viewport });
    this.scheduled = false;
    session.addEventListener("scene", ({ detail }) => this.#patch(detail));
    for (const source of [rendering, choices, viewport])
      for (const event of ["image", "change"]) source.addEventListener(event, () => this.draw());
  }

  draw() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.#draw();
    });
  }

  #patch({ whole, box: [left, top, width, height] }) {
    const { maps } = this.session;
    if (whole) Object.assign(this.#labels, { width: maps.width, height: maps.height });
    if (width && height) {
      const right = Math.min(maps.width, left + width + 1); // neighbours below and right show borders, too
      const bottom = Math.min(maps.height, top + height + 1);
      const pixels = this.#coloured(left, top, right - left, bottom - top);
      this.#labels.getContext("2d").putImageData(pixels, left, top);
    }
    this.draw();
  }

  #coloured(left, top, width, height) {
    const { maps, model } = this.session;
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const [plain, dark] = [1, DARKER].map(shade => model.classes.map(({ colour }) => packed(colour, shade)));
    const ignored = packed(IGNORED.colour);
    for (let y = 0, target = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const place = (top + y) * maps.width + left + x;
        const colours = this.#meets(place, left + x, top + y) ? dark : plain;
        pixels[target++] = colours[maps.label[place]] ?? ignored;
      }
    }
    return image;
  }

  // Whether the pixel left of this one or above it belongs to another instance of the same class.
  #meets(place, x, y) {
    const { label, instance, width } = this.session.maps;
    const differs = other => label[other] === label[place] && instance[other] !== instance[place];
    return (x > 0 && differs(place - 1)) || (y > 0 && differs(place - width));
  }

  #draw() {
    const { canvas, choices, viewport } = this;
    const context = canvas.getContext("2d");
    const ratio = canvas.width / canvas.clientWidth;
    context.resetTransform();
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.session.maps) return;
    const { width, height } = this.session.maps;
    context.setTransform(ratio * viewport.scale, 0, 0, ratio * viewport.scale, ratio * viewport.x, ratio * viewport.y);
    const split = choices.view === "split" ? viewport.toScene({ x: choices.divider * canvas.clientWidth, y: 0 }).x : 0;
    const { image } = this.rendering;
    if (choices.view !== "labels") this.#part(context, image ?? this.#labels, split, width - split, image ? 1 : WAITING);
    if (choices.view === "labels") this.#part(context, this.#labels, 0, width, 1);
    if (choices.view === "overlay") this.#part(context, this.#labels, 0, width, 0.5);
    if (choices.view === "split") this.#part(context, this.#labels, 0, split, 1);
  }

  // Draws the columns from `left` of a layer that spans the whole scene.
  #part(context, layer, left, columns, opacity) {
    const { width, height } = this.session.maps;
    context.save();
    context.beginPath();
    context.rect(left, 0, columns, height);
    context.clip();
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = layer !== this.#labels;
    context.imageSmoothingQuality = "high";
    context.drawImage(layer, 0, 0, width, height);
    context.restore();
  }
}
