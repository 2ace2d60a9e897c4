// The panel to paint with: size, and the classes by name and colour.

import { find, make, radios, swatch } from "./elements.js";

const SEARCHED_FROM = 21;

export function makePalette(session, choices) {
  const check = radios(find("classes"), value => choices.set({ label: Number(value) }));
  const update = () => {
    check(choices.label);
    find("size").value = choices.size;
    find("size-text").textContent = `${choices.size} px`;
  };
  choices.addEventListener("change", update);
  find("size").addEventListener("input", ({ target }) => choices.set({ size: Number(target.value) }));
  find("new-instance").addEventListener("change", ({ target }) => choices.set({ asNew: target.checked }));
  find("class-search").addEventListener("input", ({ target }) => filter(target.value));
  return () => {
    const classes = session.model.classes;
    find("classes").replaceChildren(...classes.map(entry));
    find("class-search-row").hidden = classes.length < SEARCHED_FROM;
    find("size").max = Math.max(20, Math.round(session.view.height / 4));
    update();
  };
}

function entry({ id, name, colour }) {
  const radio = make("input", { type: "radio", name: "label", value: id });
  return make("label", { title: `${name} (${id})` }, radio, swatch(colour), make("span", { text: name }));
}

function filter(text) {
  for (const label of find("classes").children)
    label.hidden = !label.title.toLowerCase().includes(text.trim().toLowerCase());
}
