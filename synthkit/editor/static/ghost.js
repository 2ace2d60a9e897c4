// Things on their way: the shape of an object or instance in its colour, drawn where it would be set down.

import { packed } from "./colours.js";

export class Ghost {
  scale = 1;
  flip = false;

  // `canvas` holds the tinted mask; width and height are its size in the scene, x and y the pixel of its middle.
  constructor(canvas, width, height, x, y) {
    Object.assign(this, { canvas, width, height, x, y });
  }

  get box() {
    const [width, height] = [this.width * this.scale, this.height * this.scale];
    return { left: this.x + 0.5 - width / 2, top: this.y + 0.5 - height / 2, width, height };
  }

  touches({ width, height }) {
    const { box } = this;
    return box.left < width && box.top < height && box.left + box.width > 0 && box.top + box.height > 0;
  }

  draw(context) {
    const { left, top, width, height } = this.box;
    context.save();
    context.globalAlpha = 0.75;
    context.translate(this.flip ? left + width : left, top);
    context.scale(this.flip ? -1 : 1, 1);
    context.drawImage(this.canvas, 0, 0, width, height);
    context.restore();
  }
}

// The ghost of an instance of the scene, where it stands.
export function ofInstance(session, id) {
  const { box: [left, top, width, height], label } = session.instance(id);
  const { maps } = session;
  const inside = (x, y) => maps.instance[(top + y) * maps.width + left + x] === id;
  const canvas = tinted(width, height, session.classOf(label).colour, inside);
  return new Ghost(canvas, width, height, left + (width - 1) / 2, top + (height - 1) / 2);
}

// The ghost of an object of the library, from the picture of its mask.
export async function ofObject(session, object, mask) {
  const image = await createImageBitmap(mask);
  const reader = new OffscreenCanvas(image.width, image.height).getContext("2d");
  reader.drawImage(image, 0, 0);
  const { data } = reader.getImageData(0, 0, image.width, image.height);
  const inside = (x, y) => data[4 * (y * image.width + x)] > 127;
  const canvas = tinted(image.width, image.height, session.classOf(object.label).colour, inside);
  return new Ghost(canvas, object.width, object.height, 0, 0);
}

function tinted(width, height, colour, inside) {
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) if (inside(x, y)) pixels[y * width + x] = packed(colour);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
