// The scene on the server: its latest view, and the edits sent to it one after another.
//
// Events: "sent" before a change is asked for, then "scene" (detail: {whole, box}) or "kept", where all is as it was.
// "failure" (detail: an Error) tells the user what went wrong.

import { clearUploads, getJson, post, sendFile } from "./api.js";
import { Maps } from "./maps.js";

export const IGNORED = { name: "ignored", colour: [128, 128, 128], styles: 0 };
const wait = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

export class Session extends EventTarget {
  #turn = Promise.resolve();

  // Waits until the model is loaded.
  async start() {
    while ((this.model = await getJson("/api/model")).loading) await wait(300);
    this.classes = new Map(this.model.classes.map(each => [each.id, each]));
    await this.reload();
  }

  // Pixels may also hold an id that the model ignores.
  classOf(id) {
    return this.classes.get(id) ?? IGNORED;
  }

  instance(id) {
    return this.view.instances.find(each => each.id === id) ?? null;
  }

  // Once all that was asked for is answered.
  get settled() {
    return this.#turn;
  }

  // The edits that are applied; those behind them were undone.
  get applied() {
    return this.view.edits.slice(0, this.view.position);
  }

  async reload() {
    this.#take(await getJson("/api/scene"), true);
  }

  edit(edit) {
    return this.#send("/api/edit", () => ({ edit, amend: false }));
  }

  // The same for `make()`, called once all edits before it are done: {edit, amend}, in place of the last or not.
  change(make) {
    return this.#send("/api/edit", make);
  }

  undo() {
    return this.#send("/api/undo", () => (this.view.position > 0 ? {} : null));
  }

  redo() {
    return this.#send("/api/redo", () => (this.view.position < this.view.edits.length ? {} : null));
  }

  goto(position) {
    return this.#send("/api/goto", () => ({ position }));
  }

  // A photo of one thing gives its style to `{instance}` or `{label}`.
  stylePhoto(path, file) {
    return this.#queued(async () => {
      this.#say("sent");
      this.#take(await sendFile("POST", path(this.view.revision), file));
    });
  }

  // Raises what the server complains of, as `openFiles` does.
  async open(scene) {
    await this.#turn;
    this.#say("sent");
    try {
      this.#take(await post("/api/open", scene), true);
    } catch (failure) {
      this.#say("kept");
      throw failure;
    }
  }

  // Opens own files, {label, instance, photo}.
  async openFiles(files) {
    await clearUploads();
    for (const [field, file] of Object.entries(files)) await sendFile("PUT", `/api/upload/${field}`, file);
    await this.open({ uploads: true });
  }

  // Whether it worked; failures are told by the event. Bodies are made when their turn comes; null is no request.
  #send(path, body) {
    return this.#queued(async () => {
      const values = body();
      if (!values) return false;
      this.#say("sent");
      this.#take(await post(path, { revision: this.view.revision, ...values }));
      return true;
    });
  }

  #queued(work) {
    const turn = this.#turn.then(work).catch(failure => this.#failed(failure));
    this.#turn = turn;
    return turn.then(result => result !== false);
  }

  // Whoever is behind, for the scene was changed in another tab, gets the newest.
  async #failed(failure) {
    if (failure.status === 409) await this.reload().catch(problem => (failure = problem));
    this.#say("kept");
    this.#say("failure", failure);
    return false;
  }

  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #take(view, whole = false) {
    if (whole || this.maps.width !== view.width || this.maps.height !== view.height) {
      this.maps = new Maps(view.width, view.height);
      whole = true;
    }
    this.maps.patch(view);
    this.view = view;
    this.#say("scene", { whole, box: view.box });
  }
}
