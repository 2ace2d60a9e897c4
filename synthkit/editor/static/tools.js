// What the pointer, or the keyboard in its place, does to the scene. Points are in scene coordinates.
//
// Each tool has down(point), move(point), up() and cancel().

import { css } from "./colours.js";
import { ofInstance } from "./ghost.js";

const pixel = point => ({ x: Math.floor(point.x), y: Math.floor(point.y) });

class Tool {
  constructor(parts) {
    Object.assign(this, parts);
  }

  down() {}
  move() {}
  up() {}
  cancel() {}

  under(point) {
    const { x, y } = pixel(point);
    return this.session.maps.at(x, y);
  }
}

class Select extends Tool {
  down(point) {
    this.choices.set({ selected: this.under(point)?.instance ?? null });
    if (this.choices.selected !== null) this.panels.show("selection");
  }
}

class Pick extends Tool {
  down(point) {
    const found = this.under(point);
    if (!found) return;
    this.choices.set({ label: found.label, tool: "brush" });
    this.panels.show("paint");
  }
}

class Fill extends Tool {
  down(point) {
    const { x, y } = pixel(point);
    const { label, asNew } = this.choices;
    if (this.session.maps.has(x, y)) this.session.edit({ edit: "fill", point: [x, y], label, new: asNew });
  }
}

// Shows a line at once, and sends it when it ends.
class Line extends Tool {
  stroke = null;

  down(point) {
    this.stroke = { points: [], width: this.choices.size, colour: this.colour() };
    this.marks.strokes.add(this.stroke);
    this.move(point);
  }

  move(point) {
    const { width, height } = this.session.maps;
    const x = Math.min(width - 1, Math.max(0, Math.floor(point.x)));
    const y = Math.min(height - 1, Math.max(0, Math.floor(point.y)));
    const last = this.stroke.points.at(-1);
    if (!last || last[0] !== x || last[1] !== y) this.stroke.points.push([x, y]);
    this.marks.draw();
  }

  async up() {
    const { stroke } = this;
    await this.session.edit(this.edit({ points: stroke.points, width: stroke.width }));
    this.drop(stroke);
  }

  cancel() {
    this.drop(this.stroke);
  }

  drop(stroke) {
    this.marks.strokes.delete(stroke);
    this.marks.draw();
  }
}

class Brush extends Line {
  colour() {
    return css(this.session.classOf(this.choices.label).colour);
  }

  edit(line) {
    return { edit: "stroke", ...line, label: this.choices.label, new: this.choices.asNew };
  }
}

class Eraser extends Line {
  colour() {
    return "rgb(255 255 255 / .55)";
  }

  edit(line) {
    return { edit: "erase", ...line };
  }
}

// Drags the instance under the pointer, or scales the selected one by its corner.
class Move extends Tool {
  down(point, { onHandle = false } = {}) {
    this.start = point;
    this.scales = onHandle;
    if (!onHandle) this.choices.set({ selected: this.under(point)?.instance ?? null });
    this.id = this.choices.selected;
    this.ghost = this.id === null ? null : ofInstance(this.session, this.id);
    this.home = this.ghost && { x: this.ghost.x, y: this.ghost.y };
    if (this.id !== null) this.panels.show("selection");
  }

  move(point) {
    if (!this.ghost) return;
    if (this.scales) this.ghost.scale = this.#factor(point);
    else Object.assign(this.ghost, { x: this.home.x + this.#by(point)[0], y: this.home.y + this.#by(point)[1] });
    this.marks.set({ ghost: this.ghost });
  }

  async up() {
    const { ghost, home, id } = this;
    this.ghost = null;
    if (!ghost) return;
    const by = [ghost.x - home.x, ghost.y - home.y];
    if (by[0] || by[1] || ghost.scale !== 1) await this.things.transform(id, { by, scale: ghost.scale });
    if (this.marks.ghost === ghost) this.marks.set({ ghost: null });
  }

  cancel() {
    this.ghost = null;
    this.marks.set({ ghost: null });
  }

  #by(point) {
    return [Math.round(point.x - this.start.x), Math.round(point.y - this.start.y)];
  }

  // The corner follows the pointer along the diagonal of the box.
  #factor(point) {
    const { width, height } = this.ghost;
    const along = ((point.x - this.home.x) * width + (point.y - this.home.y) * height) * 2;
    return Math.min(20, Math.max(0.05, along / (width ** 2 + height ** 2)));
  }
}

export function makeTools(parts) {
  const kinds = { select: Select, move: Move, brush: Brush, erase: Eraser, fill: Fill, pick: Pick };
  return Object.fromEntries(Object.entries(kinds).map(([name, Kind]) => [name, new Kind(parts)]));
}
