// The list of edits, to go back and forth in, and their replay.

import { find, make } from "./elements.js";
import { announce } from "./notices.js";

const PAUSE = 700; // milliseconds between two edits of a replay

export class EditList {
  #playing = null; // the replay that runs: {end}, how many edits it plays

  constructor(session, rendering) {
    Object.assign(this, { session, rendering });
    session.addEventListener("scene", () => this.#show());
    find("undo").addEventListener("click", () => this.undo());
    find("redo").addEventListener("click", () => this.redo());
    find("settle").addEventListener("click", () => this.session.edit({ edit: "settle" }));
    find("replay").addEventListener("click", () => (this.#playing ? this.#stop() : this.#replay()));
    for (const done of ["pointerdown", "keydown"])
      document.addEventListener(done, ({ target }) => find("replay").contains(target) || this.#stop(), true);
    find("edits").addEventListener("click", ({ target }) => {
      const item = target.closest("button");
      if (item) session.goto(Number(item.value));
    });
  }

  async undo() {
    const undone = this.session.applied.at(-1);
    if (undone && (await this.session.undo())) announce(`undone: ${undone.text}`);
  }

  async redo() {
    const { edits, position } = this.session.view;
    if (position < edits.length && (await this.session.redo())) announce(`done again: ${edits[position].text}`);
  }

  #show() {
    const { edits, position } = this.session.view;
    const list = find("edits");
    const focused = list.contains(document.activeElement) ? Number(document.activeElement.value) : null;
    const texts = ["Scene as opened", ...edits.map(each => each.text)];
    list.replaceChildren(...texts.map((text, place) => entry(text, place, position)));
    if (focused !== null) list.children[Math.min(focused, edits.length)].firstChild.focus();
    list.children[position].scrollIntoView({ block: "nearest" });
    find("undo").disabled = position === 0;
    find("redo").disabled = position === edits.length;
    find("settle").disabled = position === 0;
    find("replay").disabled = edits.length === 0;
  }

  // Plays all edits, from the start.
  async #replay() {
    const replay = { end: this.session.view.edits.length };
    this.#say(replay);
    for (let place = 0; place < replay.end; place++) {
      const there = await this.session.goto(place);
      await this.rendering.shown;
      await new Promise(resolve => setTimeout(resolve, PAUSE));
      if (this.#playing !== replay) return;
      if (!there) return this.#say(null);
    }
    this.#stop();
  }

  // Whatever the user does ends a replay first, with all edits done: else a new one would take the place of the rest.
  #stop() {
    if (!this.#playing) return;
    this.session.goto(this.#playing.end);
    this.#say(null);
  }

  #say(playing) {
    this.#playing = playing;
    find("replay").lastElementChild.textContent = playing ? "Stop" : "Replay";
  }
}

function entry(text, place, position) {
  const button = make("button", { type: "button", value: place, title: text });
  if (place === position) button.setAttribute("aria-current", "step");
  button.append(make("small", { text: place || "" }), make("span", { text }));
  return make("li", { className: place > position ? "undone" : "" }, button);
}
