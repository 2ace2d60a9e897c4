// The canvas by keyboard: arrows move a cross, Enter applies the tool there, Space starts and ends a drag.

import { announce } from "./notices.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Cursor {
  #using = null;
  #last = null; // where the cross was when the canvas lost the focus

  constructor({ canvas, session, marks, choices, viewport, tools, pointer, hovered, described }) {
    Object.assign(this, { canvas, session, marks, choices, viewport, tools, pointer, hovered, described });
    canvas.addEventListener("keydown", event => this.#key(event));
    canvas.addEventListener("keyup", event => this.#keyUp(event));
    canvas.addEventListener("blur", () => this.#leave());
    choices.addEventListener("change", ({ detail }) => detail.has("tool") && this.cancel());
  }

  // Whether there was something to cancel.
  cancel() {
    const using = this.#using;
    this.#using = null;
    using?.cancel();
    return using !== null;
  }

  #key(event) {
    if (!this.session.maps || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) this.#move(ARROWS[event.key], event.shiftKey ? 10 : 1);
    else if (event.key === "Enter") this.#apply();
    else if (event.key === "Escape" && this.cancel()) announce("cancelled");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Space acts when it is let go, for it may have been held to pan.
  #keyUp(event) {
    if (event.key === " " && !this.pointer.spaceUsed && this.session.maps) this.#drag();
  }

  #leave() {
    this.cancel();
    this.#last = this.marks.cursor;
    this.marks.set({ cursor: null });
  }

  #point() {
    const { x, y } = this.#place();
    return { x: x + 0.5, y: y + 0.5 };
  }

  #place() {
    if (!this.marks.cursor) this.marks.set({ cursor: this.#last ?? this.viewport.middle() });
    return this.marks.cursor;
  }

  #move([dx, dy], step) {
    const { width, height } = this.session.maps;
    const { x, y } = this.#place();
    const within = (place, size) => Math.min(size - 1, Math.max(0, place));
    this.marks.set({ cursor: { x: within(x + dx * step, width), y: within(y + dy * step, height) } });
    this.viewport.reveal(this.marks.cursor);
    this.hovered(this.marks.cursor);
    this.#using?.move(this.#point());
    announce(this.described(this.marks.cursor));
  }

  // A press and a release in one; or the end of what Space has begun.
  #apply() {
    if (this.#using) return this.#drag();
    const tool = this.tools[this.choices.tool];
    tool.down(this.#point(), {});
    tool.up();
    announce(this.described(this.#place()));
  }

  #drag() {
    const using = this.#using;
    this.#using = using ? null : this.tools[this.choices.tool];
    if (using) using.up();
    else this.#using.down(this.#point(), {});
    announce(using ? "set down" : `started at ${this.described(this.#place())}`);
  }
}
