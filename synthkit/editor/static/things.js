// Instances as things to move, scale, mirror and delete. Changes of one thing in a row become one edit.

export class Things {
  #added = null; // the last object that was set down: {id, position}

  constructor(session, choices) {
    Object.assign(this, { session, choices });
  }

  async add(object, at) {
    const before = new Set(this.session.view.instances.map(each => each.id));
    const done = await this.session.edit({ edit: "add_object", object: object.name, at });
    const found = this.session.view.instances.find(each => !before.has(each.id));
    if (!done || !found) return;
    this.#added = { id: found.id, position: this.session.view.position };
    this.choices.set({ selected: found.id, tool: "move" });
  }

  // Moves the instance by [dx, dy], scales it around its middle, and mirrors it if `flip`.
  transform(id, { by = [0, 0], scale = 1, flip = false }) {
    return this.session.change(() => {
      const last = this.session.applied.at(-1);
      const more = values => ({ scale: (values.scale ?? 1) * scale, flip: (values.flip ?? false) !== flip });
      const sum = ([x, y]) => [x + by[0], y + by[1]];
      if (last?.edit === "move_object" && last.instance === id)
        return { edit: { edit: last.edit, instance: id, by: sum(last.by ?? [0, 0]), ...more(last) }, amend: true };
      if (last?.edit === "add_object" && last.object && this.#isAdded(id))
        return { edit: { edit: last.edit, object: last.object, at: sum(last.at), ...more(last) }, amend: true };
      return { edit: { edit: "move_object", instance: id, by, scale, flip }, amend: false };
    });
  }

  remove(id) {
    return this.session.edit({ edit: "remove_object", instance: id });
  }

  #isAdded(id) {
    return this.#added?.id === id && this.#added.position === this.session.view.position;
  }
}
