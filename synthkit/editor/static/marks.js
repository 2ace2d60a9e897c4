// Draws over the scene what is not part of it: selection, strokes and things on their way, brush, cursor.

import { outline } from "./outline.js";

export const HANDLE = 7; // half the side of the handle that scales, in CSS pixels
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export class Marks {
  strokes = new Set(); // {points, width, colour}
  ghost = null;
  pointer = null; // the pixel under it
  cursor = null; // the pixel of the keyboard's cross
  #outline = null;
  #dash = 0;
  #scheduled = false;

  constructor(canvas, session, choices, viewport) {
    Object.assign(this, { canvas, session, choices, viewport });
    session.addEventListener("scene", () => this.#select());
    choices.addEventListener("change", ({ detail }) => (detail.has("selected") ? this.#select() : this.draw()));
    viewport.addEventListener("change", () => this.draw());
    setInterval(() => this.#march(), 110);
  }

  set(values) {
    Object.assign(this, values);
    this.draw();
  }

  draw() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  // The corner of the selected instance that scales it, in CSS pixels; null where there is none.
  handle() {
    const found = this.choices.tool === "move" && this.session.instance(this.choices.selected);
    if (!found) return null;
    const box = this.ghost?.box ?? { left: found.box[0], top: found.box[1], width: found.box[2], height: found.box[3] };
    return this.viewport.toStage({ x: box.left + box.width, y: box.top + box.height });
  }

  #select() {
    const { maps } = this.session;
    const found = maps && this.session.instance(this.choices.selected);
    const inside = (x, y) => maps.has(x, y) && maps.instance[y * maps.width + x] === found.id;
    this.#outline = found ? outline(inside, found.box) : null;
    this.draw();
  }

  #march() {
    if (!this.#outline || STILL.matches || document.hidden) return;
    this.#dash = (this.#dash + 1) % 10;
    this.draw();
  }

  #draw() {
    const { canvas, viewport } = this;
    const context = canvas.getContext("2d");
    const ratio = canvas.width / canvas.clientWidth;
    context.resetTransform();
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.session.maps) return;
    context.setTransform(ratio * viewport.scale, 0, 0, ratio * viewport.scale, ratio * viewport.x, ratio * viewport.y);
    for (const stroke of this.strokes) this.#stroke(context, stroke);
    this.ghost?.draw(context);
    if (this.#outline && !this.ghost) this.#contrast(context, this.#outline);
    this.#brush(context);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#handle(context);
    this.#cross(context);
  }

  #stroke(context, { points, width, colour }) {
    const { maps } = this.session;
    context.save();
    context.beginPath();
    context.rect(0, 0, maps.width, maps.height);
    context.clip();
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x + 0.5, y + 0.5);
    if (points.length === 1) context.lineTo(points[0][0] + 0.5, points[0][1] + 0.501);
    Object.assign(context, { lineWidth: Math.max(1, width), lineCap: "round", lineJoin: "round", strokeStyle: colour });
    context.stroke();
    context.restore();
  }

  // A line that shows on any ground: white with dark dashes, in widths of CSS pixels.
  #contrast(context, path, dashes = [5, 5]) {
    const { scale } = this.viewport;
    context.save();
    context.lineJoin = "round";
    Object.assign(context, { lineWidth: 3 / scale, strokeStyle: "#fff" });
    context.stroke(path);
    context.setLineDash(dashes.map(length => length / scale));
    Object.assign(context, { lineWidth: 1.6 / scale, strokeStyle: "#111", lineDashOffset: this.#dash / scale });
    context.stroke(path);
    context.restore();
  }

  #brush(context) {
    const pixel = this.cursor ?? this.pointer;
    if (!pixel || !["brush", "erase"].includes(this.choices.tool)) return;
    const circle = new Path2D();
    circle.arc(pixel.x + 0.5, pixel.y + 0.5, Math.max(0.5, this.choices.size / 2), 0, 2 * Math.PI);
    this.#contrast(context, circle, []);
  }

  #handle(context) {
    const corner = this.handle();
    if (!corner) return;
    const square = [corner.x - HANDLE, corner.y - HANDLE, 2 * HANDLE, 2 * HANDLE];
    Object.assign(context, { fillStyle: "#fff", strokeStyle: "#111", lineWidth: 1.5 });
    context.fillRect(...square);
    context.strokeRect(...square);
  }

  #cross(context) {
    if (!this.cursor) return;
    const { x, y } = this.viewport.toStage({ x: this.cursor.x + 0.5, y: this.cursor.y + 0.5 });
    const cross = new Path2D();
    for (const [dx, dy] of [[1, 0], [0, 1]])
      for (const side of [-1, 1]) {
        cross.moveTo(x + 5 * side * dx, y + 5 * side * dy);
        cross.lineTo(x + 15 * side * dx, y + 15 * side * dy);
      }
    for (const [lineWidth, strokeStyle] of [[5, "#fff"], [2, "#111"]]) {
      Object.assign(context, { lineWidth, strokeStyle, lineCap: "round" });
      context.stroke(cross);
    }
  }
}
