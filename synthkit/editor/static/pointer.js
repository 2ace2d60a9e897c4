// Mouse, pen and fingers on the canvas: tools, pan and zoom.

import { HANDLE } from "./marks.js";

export class Pointer {
  #down = new Map(); // where each pointer that is down is, in CSS pixels
  #using = null; // the tool in use
  #pans = false;
  #spaceHeld = false;
  spaceUsed = false; // to pan, since it is down

  constructor({ canvas, session, marks, choices, viewport, tools, hovered }) {
    Object.assign(this, { canvas, session, marks, choices, viewport, tools, hovered });
    const on = (name, handler) => canvas.addEventListener(name, handler.bind(this), { passive: false });
    on("pointerdown", this.#pressed);
    on("pointermove", this.#moved);
    on("pointerup", this.#released);
    on("pointercancel", this.#cancelled);
    on("pointerleave", () => this.#hover(null));
    on("wheel", this.#wheel);
    on("auxclick", event => event.preventDefault());
    document.addEventListener("keydown", event => this.#space(event, true));
    document.addEventListener("keyup", event => this.#space(event, false));
    window.addEventListener("blur", () => (this.#spaceHeld = false));
  }

  // Forgets what a tool has begun; whether there was something.
  cancel() {
    const using = this.#using;
    this.#using = null;
    using?.cancel();
    return using !== null;
  }

  #space(event, held) {
    if (event.key !== " " || ![document.body, this.canvas].includes(event.target)) return;
    event.preventDefault();
    if (held && !this.#spaceHeld) this.spaceUsed = false;
    this.#spaceHeld = held;
  }

  #place(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  #pressed(event) {
    if (!this.session.maps || event.button === 2) return;
    const place = this.#place(event);
    this.canvas.setPointerCapture(event.pointerId);
    this.#down.set(event.pointerId, place);
    this.marks.set({ cursor: null });
    if (this.#down.size > 1) this.cancel();
    this.#pans = this.#down.size > 1 || event.button === 1 || this.#spaceHeld;
    this.spaceUsed ||= this.#spaceHeld;
    if (!this.#pans) this.#use(event.altKey ? this.tools.pick : this.tools[this.choices.tool], place);
    if (event.button === 1) event.preventDefault();
  }

  #use(tool, place) {
    this.#using = tool;
    tool.down(this.viewport.toScene(place), { onHandle: this.#onHandle(place) });
  }

  #moved(event) {
    const place = this.#place(event);
    const before = this.#down.get(event.pointerId);
    if (before && this.#pans) this.#pan(event.pointerId, before, place);
    else for (const each of this.#using ? event.getCoalescedEvents() : [])
      this.#using.move(this.viewport.toScene(this.#place(each)));
    if (before) this.#down.set(event.pointerId, place);
    this.#hover(place);
  }

  // One pointer drags the scene along; two also zoom around the one that stays.
  #pan(id, before, place) {
    const others = [...this.#down].filter(([each]) => each !== id).map(([, where]) => where);
    const share = 1 / (others.length + 1);
    this.viewport.pan((place.x - before.x) * share, (place.y - before.y) * share);
    if (others.length !== 1) return;
    const distance = where => Math.hypot(where.x - others[0].x, where.y - others[0].y);
    this.viewport.zoom(distance(place) / Math.max(1, distance(before)), others[0]);
  }

  #released(event) {
    this.#down.delete(event.pointerId);
    const tool = this.#using;
    this.#using = null;
    tool?.up();
  }

  #cancelled(event) {
    this.#down.delete(event.pointerId);
    this.cancel();
  }

  #wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * [1, 30, 300][event.deltaMode];
    this.viewport.zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) * 0.0025), this.#place(event));
  }

  #onHandle(place) {
    const corner = this.marks.handle();
    return corner !== null && Math.max(Math.abs(place.x - corner.x), Math.abs(place.y - corner.y)) <= HANDLE + 3;
  }

  #hover(place) {
    if (!this.session.maps) return;
    const { x, y } = place ? this.viewport.toScene(place) : { x: -1, y: -1 };
    const pixel = { x: Math.floor(x), y: Math.floor(y) };
    this.marks.set({ pointer: this.session.maps.has(pixel.x, pixel.y) ? pixel : null });
    this.hovered(this.marks.pointer);
    const tool = { select: "", move: "move" }[this.choices.tool] ?? "cross";
    this.canvas.dataset.cursor = this.#spaceHeld ? "grab" : place && this.#onHandle(place) ? "scale" : tool;
  }
}
