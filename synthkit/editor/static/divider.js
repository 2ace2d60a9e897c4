// The divider of the split view, by pointer and by keyboard.

import { find } from "./elements.js";

const STEPS = { ArrowLeft: -0.02, ArrowRight: 0.02, ArrowDown: -0.02, ArrowUp: 0.02, Home: -1, End: 1 };

export function makeDivider(choices) {
  const divider = find("divider");
  const update = () => {
    divider.hidden = choices.view !== "split";
    divider.style.left = `${100 * choices.divider}%`;
    divider.setAttribute("aria-valuenow", Math.round(100 * choices.divider));
  };
  const put = share => choices.set({ divider: Math.min(1, Math.max(0, share)) });
  divider.addEventListener("pointerdown", event => divider.setPointerCapture(event.pointerId));
  divider.addEventListener("pointermove", event => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const { left, width } = divider.parentNode.getBoundingClientRect();
    put((event.clientX - left) / width);
  });
  divider.addEventListener("keydown", event => {
    if (!(event.key in STEPS)) return;
    put(choices.divider + STEPS[event.key]);
    event.preventDefault();
  });
  choices.addEventListener("change", update);
  update();
}
