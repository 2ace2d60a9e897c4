// The styles of the selected instance, or of its whole class, as thumbnails of the instance in each.

import { getPicture, query } from "./api.js";
import { find, make, radios, showPicture } from "./elements.js";

const SEEDS = 2 ** 31;

export class StylePanel {
  #shown = ""; // what the thumbnails are of
  #fetch = new AbortController();
  #scope = "instance";

  constructor(session, choices) {
    Object.assign(this, { session, choices });
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
    const target = this.#target;
    if (file) await this.session.stylePhoto(revision => `/api/style_photo?${query({ revision, ...target })}`, file);
  }

  #show() {
    const shown = this.session.model.styles !== "none" && (this.#single || Boolean(this.#instance));
    find("style").hidden = !shown;
    find("scope").hidden = this.#single;
    if (!shown) return;
    const { label, box, pixels, id } = this.#instance ?? {};
    if (!this.#single) find("scope-class").textContent = `Every ${this.session.className(label)}`;
    find("style-now").textContent = `Now ${words(this.#look)}.`;
    const styles = this.#single ? 0 : this.session.classes.get(label).styles;
    const key = JSON.stringify([id, label, box, pixels, styles]);
    if (key !== this.#shown) this.#tiles(styles, id);
    this.#shown = key;
    const { cluster } = this.#look ?? {};
    for (const [place, tile] of [...find("style-tiles").children].entries())
      tile.firstChild.setAttribute("aria-pressed", place === cluster);
  }

  async #tiles(count, instance) {
    this.#fetch.abort();
    const { signal } = (this.#fetch = new AbortController());
    const images = Array.from({ length: count }, () => make("img", { alt: "" }));
    find("style-tiles").replaceChildren(...images.map((image, cluster) => this.#tile(image, cluster)));
    for (const [cluster, image] of images.entries()) {
      const { revision } = this.session.view;
      try {
        const path = `/api/thumbnail?${query({ revision, instance, cluster })}`;
        showPicture(image, (await getPicture(path, signal)).blob);
      } catch (failure) {
        if (failure.name === "AbortError") return;
        image.alt = failure.status === 410 ? "" : failure.message; // 410: the scene has gone on
      }
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
