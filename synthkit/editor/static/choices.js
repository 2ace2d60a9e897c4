// What the user has chosen: tool, class to paint with, size of the brush, view, selected instance.
//
// The event "change" tells (detail: a Set) which of them changed.

export class Choices extends EventTarget {
  tool = "select";
  label = 0;
  size = 8;
  asNew = false;
  view = "split";
  selected = null;
  divider = 0.5;

  set(values) {
    const changed = Object.keys(values).filter(key => this[key] !== values[key]);
    Object.assign(this, values);
    if (changed.length) this.dispatchEvent(new CustomEvent("change", { detail: new Set(changed) }));
  }
}
