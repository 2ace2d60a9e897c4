// What the user is told: toasts on the screen, and words for screen readers alone.

import { find, make } from "./elements.js";

const SECONDS = { alert: 12, status: 5 };

// The last three; what is said again takes the place of what was said before.
function toast(role, message) {
  const others = [...find("toasts").children].filter(each => each.firstChild.textContent !== message);
  const box = make("div", { role }, make("span", { text: message }));
  const close = make("button", { type: "button", text: "×", "aria-label": "Dismiss" });
  close.addEventListener("click", () => box.remove());
  box.append(close);
  find("toasts").replaceChildren(...others.slice(-2), box);
  setTimeout(() => box.remove(), 1000 * SECONDS[role]);
}

export const complain = message => toast("alert", message);
export const tell = message => toast("status", message);

let timer = 0;

// Only the last of what comes within a moment is said.
export function announce(text) {
  clearTimeout(timer);
  timer = setTimeout(() => (find("live").textContent = text), 120);
}
