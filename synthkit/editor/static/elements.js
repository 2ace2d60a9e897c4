// Short ways to elements. Text goes in as text, never as markup.

import { css } from "./colours.js";

export const find = id => document.getElementById(id);

export function make(tag, { text, ...properties } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties))
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

// A square of a class's colour.
export function swatch(colour) {
  const square = make("span", { className: "swatch", "aria-hidden": "true" });
  square.style.backgroundColor = css(colour);
  return square;
}

export function showPicture(image, blob) {
  const address = URL.createObjectURL(blob);
  image.onload = image.onerror = () => URL.revokeObjectURL(address);
  image.src = address;
}

// Calls `chosen` with the value of the radio button that is checked, and returns a way to check another.
export function radios(group, chosen) {
  group.addEventListener("change", ({ target }) => chosen(target.value));
  return value => {
    for (const input of group.querySelectorAll("input")) input.checked = input.value === String(value);
  };
}
