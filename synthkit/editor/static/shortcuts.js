// Keys that work everywhere on the page, and the help that lists them.

import { find, make } from "./elements.js";

const STORED = "synthkit-single-keys";

// [keys as shown, text, keys as events tell them, action]; `undo` and the like are methods of `actions`.
const SINGLE = [
  ["V", "Select", ["v"], "select"],
  ["M", "Move", ["m"], "move"],
  ["B", "Brush", ["b"], "brush"],
  ["E", "Eraser", ["e"], "erase"],
  ["G", "Fill", ["g"], "fill"],
  ["I", "Pick a class (or Alt and click)", ["i"], "pick"],
  ["[ ]", "Size of the brush, or of the selected thing", ["["], "smaller"],
  ["", "", ["]"], "larger"],
  ["F", "Flip the selected thing", ["f"], "flip"],
  ["Delete", "Remove the selected thing", ["Delete", "Backspace"], "remove"],
  ["Esc", "Cancel, or select nothing", ["Escape"], "leave"],
  ["1 2 3 4", "Labels, image, overlay, split", ["1"], "labels"],
  ["", "", ["2"], "image"],
  ["", "", ["3"], "overlay"],
  ["", "", ["4"], "split"],
  ["+ - 0", "Zoom in, zoom out, fit", ["+", "="], "zoomIn"],
  ["", "", ["-"], "zoomOut"],
  ["", "", ["0"], "fit"],
  ["?", "This help", ["?"], "help"],
];
const OTHERS = [
  ["Ctrl Z", "Undo"],
  ["Ctrl Shift Z", "Redo (or Ctrl Y)"],
  ["Wheel", "Zoom (or two fingers)"],
  ["Space and drag", "Pan (or the middle button, or two fingers)"],
  ["Arrows, Shift", "On the canvas: move the cursor by 1 or 10"],
  ["Enter", "On the canvas: apply the tool at the cursor"],
  ["Space", "On the canvas: start and end a stroke or a move"],
];

export function makeShortcuts(actions) {
  const single = find("single-keys");
  single.checked = localStorage.getItem(STORED) !== "off";
  single.addEventListener("change", () => localStorage.setItem(STORED, single.checked ? "on" : "off"));
  find("help-keys").replaceChildren(list(SINGLE.filter(([keys]) => keys)), list(OTHERS));
  document.addEventListener("keydown", event => {
    if (document.querySelector("dialog[open]")) return;
    const name = event.ctrlKey || event.metaKey ? withControl(event) : single.checked && alone(event);
    if (!name) return;
    event.preventDefault();
    actions[name]();
  });
}

function withControl({ key, shiftKey, altKey }) {
  if (altKey) return null;
  if (key.toLowerCase() === "z") return shiftKey ? "redo" : "undo";
  return key.toLowerCase() === "y" ? "redo" : null;
}

function alone({ key, altKey, target }) {
  if (altKey || target.closest("select, input:not([type=radio], [type=checkbox], [type=range])")) return null;
  return SINGLE.find(([, , keys]) => keys.includes(key.length === 1 ? key.toLowerCase() : key))?.[3];
}

function list(rows) {
  const entries = rows.map(([keys, text]) => [make("dt", {}, make("kbd", { text: keys })), make("dd", { text })]);
  return make("dl", {}, ...entries.flat());
}
