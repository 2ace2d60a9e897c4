// The tabs of the panels: by mouse, by arrow keys, and by what the tools do.

import { find } from "./elements.js";

export class Tabs {
  #tabs = [...document.querySelectorAll("[role=tab]")];

  constructor() {
    for (const tab of this.#tabs) {
      tab.addEventListener("click", () => this.show(tab.getAttribute("aria-controls")));
      tab.addEventListener("keydown", event => this.#key(event, this.#tabs.indexOf(tab)));
    }
  }

  show(panel) {
    for (const tab of this.#tabs) {
      const chosen = tab.getAttribute("aria-controls") === panel;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      find(tab.getAttribute("aria-controls")).hidden = !chosen;
    }
  }

  #key(event, place) {
    const count = this.#tabs.length;
    const target = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: count - 1 }[event.key];
    if (target === undefined) return;
    const tab = this.#tabs[(target + count) % count];
    this.show(tab.getAttribute("aria-controls"));
    tab.focus();
    event.preventDefault();
  }
}
