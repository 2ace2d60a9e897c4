// The library of objects, to be dragged into the scene.

import { getJson, getPicture } from "./api.js";
import { find, make, showPicture } from "./elements.js";
import { ofObject } from "./ghost.js";
import { announce, complain } from "./notices.js";

const MOVED = 4; // CSS pixels from which a press is a drag

export class ObjectPanel {
  #drag = null; // {start, ghost, object}
  #sizes = ""; // of the scene that the objects' sizes are for

  constructor({ session, marks, viewport, things, canvas }) {
    Object.assign(this, { session, marks, viewport, things, canvas });
    this.watcher = new IntersectionObserver(entries => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) this.#look(target);
    });
    find("objects-class").addEventListener("change", ({ target }) => this.#filter(target.value));
    document.addEventListener("pointermove", event => this.#moved(event));
    document.addEventListener("pointerup", event => this.#released(event));
    document.addEventListener("pointercancel", () => this.#end());
    document.addEventListener("keydown", event => event.key === "Escape" && this.#end());
  }

  // The objects in the sizes that they have in this scene.
  async fill() {
    const { width, height } = this.session.view;
    if (this.#sizes === `${width} ${height}`) return;
    this.#sizes = `${width} ${height}`;
    const objects = this.session.model.objects ? await getJson("/api/objects") : [];
    find("objects-tiles").replaceChildren(...objects.map(each => this.#tile(each)));
    const classes = [...new Set(objects.map(each => each.class))];
    find("objects-class").replaceChildren(
      ...["all", ...classes].map((text, place) => make("option", { value: place ? text : "", text })));
    find("objects-class").parentNode.hidden = classes.length < 2;
    if (!objects.length)
      find("objects-hint").textContent = "This model has no library of objects. synthkit objects collect RUN makes one.";
  }

  #tile(object) {
    const image = make("img", { alt: "", draggable: false });
    const name = object.name.replaceAll("_", " ");
    const title = `${name}, ${Math.round(object.width)} x ${Math.round(object.height)} px`;
    const button = make("button", { type: "button", className: "tile", title });
    button.append(image, make("span", { text: name }));
    button.addEventListener("pointerdown", event => this.#pressed(event, object));
    button.addEventListener("click", event => event.detail === 0 && this.#add(object, this.viewport.middle()));
    button.addEventListener("dblclick", () => this.#add(object, this.viewport.middle()));
    image.dataset.name = object.name;
    this.watcher.observe(image);
    const item = make("li", {}, button);
    item.dataset.class = object.class;
    return item;
  }

  // Thumbnails are fetched as they come into sight.
  async #look(image) {
    this.watcher.unobserve(image);
    try {
      showPicture(image, (await getPicture(`/api/objects/${encodeURIComponent(image.dataset.name)}/thumbnail`)).blob);
    } catch (failure) {
      complain(failure.message);
    }
  }

  #filter(name) {
    for (const item of find("objects-tiles").children)
      item.hidden = Boolean(name) && item.dataset.class !== name;
  }

  async #pressed(event, object) {
    if (event.button !== 0) return;
    const drag = (this.#drag = { object, start: [event.clientX, event.clientY], ghost: null });
    event.target.releasePointerCapture(event.pointerId); // fingers are captured from the start
    try {
      const { blob } = await getPicture(`/api/objects/${encodeURIComponent(object.name)}/mask`);
      drag.ghost = await ofObject(this.session, object, blob);
    } catch (failure) {
      complain(failure.message);
    }
  }

  #moved(event) {
    const drag = this.#drag;
    if (!drag) return;
    const [x, y] = drag.start;
    drag.moves ||= Math.hypot(event.clientX - x, event.clientY - y) > MOVED;
    if (!drag.moves || !drag.ghost) return;
    Object.assign(drag.ghost, this.#pixel(event));
    this.marks.set({ ghost: this.#over(event) ? drag.ghost : null });
  }

  #released(event) {
    const drag = this.#drag;
    this.#end();
    if (drag?.moves && this.#over(event)) this.#add(drag.object, this.#pixel(event));
  }

  async #add(object, { x, y }) {
    await this.things.add(object, [x, y]);
    announce(`${object.class} set down at ${x}, ${y}`);
  }

  #end() {
    if (this.#drag) this.marks.set({ ghost: null });
    this.#drag = null;
  }

  #over(event) {
    return document.elementFromPoint(event.clientX, event.clientY) === this.canvas;
  }

  #pixel(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const { x, y } = this.viewport.toScene({ x: event.clientX - left, y: event.clientY - top });
    return { x: Math.floor(x), y: Math.floor(y) };
  }
}
