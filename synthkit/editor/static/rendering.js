// The image of the newest revision, a half-size preview first where the network is slow.
//
// Events: "image" once one is there, "busy" when it begins and ends to be, "failure" (detail: an Error).

import { getPicture, query } from "./api.js";

export class Rendering extends EventTarget {
  image = null;
  busy = false;
  #fetch = new AbortController();
  #whole = -1; // the revision whose whole image is there
  shown = Promise.resolve(); // once the whole image is there, or something newer is wanted

  show(view) {
    this.expect();
    this.shown = this.#show(view);
  }

  // Gives up what is on its way, for another revision is to come.
  expect() {
    this.#fetch.abort();
    this.#say(true);
  }

  clear() {
    this.image = null;
    this.#whole = -1;
  }

  async #show({ revision, slow }) {
    const { signal } = (this.#fetch = new AbortController());
    try {
      for (const preview of slow ? [1, 0] : [0]) if (await this.#take(revision, preview, signal)) break;
    } catch (failure) {
      if (failure.name !== "AbortError") this.dispatchEvent(new CustomEvent("failure", { detail: failure }));
    } finally {
      if (!signal.aborted) this.#say(false);
    }
  }

  // Whether this is the whole image.
  async #take(revision, preview, signal) {
    if (revision === this.#whole) return true;
    const picture = await getPicture(`/api/image?${query({ revision, preview })}`, signal);
    const image = await createImageBitmap(picture.blob);
    signal.throwIfAborted();
    this.image = image;
    this.#whole = picture.preview ? -1 : revision;
    this.dispatchEvent(new Event("image"));
    return !picture.preview;
  }

  #say(busy) {
    this.busy = busy;
    this.dispatchEvent(new Event("busy"));
  }
}
