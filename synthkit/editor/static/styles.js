// The styles of the selected instance, or of its whole class, as thumbnails of the instance in each.

import { getPicture, query } from "./api.js";
import { find, make, radios, showPicture } from "./elements.js";
import { complain } from "./notices.js";

const SEEDS = 2 ** 31;

export class StylePanel {
  #shown = ""; // what the thumbnails are of
  #missing = new Map(); // those still to be fetched, by cluster
  #fetch = new AbortController();
  #scope = "instance";

  constructor(session, choices) {
    Object.assign(this, { session, choices });
    session.addEventListener("sent", () => this.#fetch.abort());
    session.addEventListener("kept", () => this.#load());
    session.addEventListener("scene", () => this.#show());
    choices.addEventListener("change", ({ detail }) => detail.has("selected") && this.#show());
    radios(find("scope"), value => {
      this.#scope = value;
      this.#show();
    });
    find("style-random").addEventListener("click", () => this.#set({ seed: Math.floor(Math.random() * SEEDS) }));
    find("style-photo").addEventListener("click", () => find("style-file").click());
    find("style-file").addEventListener("change", ({ target }) => this.#photo(target));
  }

  get #instance() {
    return this.session.instance(this.choices.selected);
  }

  get #single() {
    return this.session.model.styles === "image";
  }

  // Whose style is set: of one instance, of a class, or of everything.
  get #target() {
    if (this.#single) return { label: "all" };
    const { id, label } = this.#instance;
    return this.#scope === "class" ? { label } : { instance: id };
  }

  // The look that holds; with none, it is the most common style of the class.
  get #look() {
    const { class_looks: looks } = this.session.view;
    if (this.#single) return looks.all ?? null;
    const { label, look } = this.#instance;
    const ofClass = looks[label] ?? looks.all ?? { cluster: 0 };
    return this.#scope === "class" ? ofClass : (look ?? ofClass);
  }

  #set(look) {
    return this.session.edit({ edit: "set_style", ...this.#target, ...look });
  }

  async #photo(input) {
    const [file] = input.files;
    input.value = "";
    const { label, ...target } = this.#target;
    if (label !== undefined) target.label = label === "all" ? label : this.session.classOf(label).name;
    if (file) await this.session.stylePhoto(revision => `/api/style_photo?${query({ revision, ...target })}`, file);
  }

  #show() {
    this.#fetch.abort();
    const shown = this.session.model.styles !== "none" && (this.#single || Boolean(this.#instance));
    find("style").hidden = !shown;
    find("scope").hidden = this.#single;
    if (!shown) return this.#lay(0);
    const { label, box, pixels, id } = this.#instance ?? {};
    if (!this.#single) find("scope-class").textContent = `Every ${this.session.classOf(label).name}`;
    find("style-now").textContent = `Now ${words(this.#look)}.`;
    const styles = this.#single ? 0 : this.session.classOf(label).styles;
    this.#lay(styles, JSON.stringify([id, label, box, pixels]));
    this.#mark();
    this.#load();
  }

  #lay(count, shown = "") {
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#missing = new Map(Array.from({ length: count }, (_, cluster) => [cluster, make("img", { alt: "" })]));
    find("style-tiles").replaceChildren(...[...this.#missing].map(([cluster, image]) => this.#tile(image, cluster)));
  }

  #mark() {
    const { cluster } = this.#look ?? {};
    for (const [place, tile] of [...find("style-tiles").children].entries())
      tile.firstChild.setAttribute("aria-pressed", place === cluster);
  }

  // Fetches the missing thumbnails one by one, until the scene goes on.
  async #load() {
    this.#fetch.abort();
    const { signal } = (this.#fetch = new AbortController());
    const { revision } = this.session.view;
    for (const [cluster, image] of this.#missing) {
      const path = `/api/thumbnail?${query({ revision, instance: this.choices.selected, cluster })}`;
      try {
        showPicture(image, (await getPicture(path, signal)).blob);
      } catch (failure) {
        if (failure.name !== "AbortError" && failure.status !== 410) complain(failure.message);
        return; // where the scene went on, its next view starts anew
      }
      this.#missing.delete(cluster);
    }
  }

  #tile(image, cluster) {
    const button = make("button", { type: "button", className: "tile", "aria-label": `Style ${cluster}` });
    button.append(image, make("span", { text: cluster }));
    button.addEventListener("click", () => this.#set({ cluster }));
    return make("li", {}, button);
  }
}

function words(look) {
  if (!look) return "as drawn at the start";
  if (look.cluster !== undefined) return `style ${look.cluster}`;
  return look.seed !== undefined ? "a random one" : "one of its own, from a photo";
}
