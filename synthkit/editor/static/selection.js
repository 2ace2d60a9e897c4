// The panel of the selected instance: what it is, and what can be done with it as a thing.

import { css } from "./colours.js";
import { find, make } from "./elements.js";

export function makeSelection(session, choices, things) {
  const id = () => choices.selected;
  const act = (button, change) => find(button).addEventListener("click", () => things.transform(id(), change));
  act("smaller", { scale: 1 / 1.1 });
  act("larger", { scale: 1.1 });
  act("flip", { flip: true });
  find("delete").addEventListener("click", () => things.remove(id()));
  find("selection-class").addEventListener("change", ({ target }) => relabel(session, id(), Number(target.value)));
  session.addEventListener("scene", () => {
    if (!session.instance(id())) choices.set({ selected: null });
    show(session, id());
  });
  choices.addEventListener("change", ({ detail }) => detail.has("selected") && show(session, id()));
  return () =>
    find("selection-class").replaceChildren(
      ...session.model.classes.map(each => make("option", { value: each.id, text: each.name })));
}

// Arrow keys run through the classes: one edit all in all.
function relabel(session, instance, to) {
  session.change(() => {
    const last = session.applied.at(-1);
    const amend = last?.edit === "change_label" && last.instance === instance;
    return { edit: { edit: "change_label", instance, to }, amend };
  });
}

function show(session, id) {
  const found = session.instance(id);
  find("selection-none").hidden = Boolean(found);
  find("selection-some").hidden = !found;
  if (!found) return;
  const { name, colour } = session.classOf(found.label);
  find("selection-name").textContent = `${name} ${id}`;
  find("selection-swatch").style.backgroundColor = css(colour);
  find("selection-class").value = found.label;
}
