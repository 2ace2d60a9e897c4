// Puts the editor together.

import { Choices } from "./choices.js";
import { Cursor } from "./cursor.js";
import { makeDivider } from "./divider.js";
import { EditList } from "./edits.js";
import { find, radios } from "./elements.js";
import { makeFiles } from "./files.js";
import { Marks } from "./marks.js";
import { announce, complain } from "./notices.js";
import { ObjectPanel } from "./objects.js";
import { makePalette } from "./palette.js";
import { Picture } from "./picture.js";
import { Pointer } from "./pointer.js";
import { Rendering } from "./rendering.js";
import { makeSelection } from "./selection.js";
import { Session } from "./session.js";
import { makeShortcuts } from "./shortcuts.js";
import { StylePanel } from "./styles.js";
import { Tabs } from "./tabs.js";
import { Things } from "./things.js";
import { makeTools } from "./tools.js";
import { Viewport } from "./viewport.js";

const TOOL_PANELS = { select: "selection", move: "selection", brush: "paint", fill: "paint" };

const session = new Session();
const choices = new Choices();
const viewport = new Viewport();
const rendering = new Rendering();
const panels = new Tabs();
const things = new Things(session, choices);
const canvas = find("marks");
const marks = new Marks(canvas, session, choices, viewport);
const tools = makeTools({ session, choices, marks, panels, things });

new Picture(find("picture"), session, rendering, choices, viewport);
const parts = { canvas, session, marks, choices, viewport, tools, things, hovered, described };
const pointer = new Pointer(parts);
const cursor = new Cursor({ ...parts, pointer });
const edits = new EditList(session, rendering);
const objects = new ObjectPanel(parts);
new StylePanel(session, choices);
makeDivider(choices);
makeFiles(session);
const fillPanels = [makePalette(session, choices), makeSelection(session, choices, things)];

const checkTool = radios(find("tools"), tool => useTool(tool));
const checkView = radios(find("views"), view => choices.set({ view }));
choices.addEventListener("change", () => {
  checkTool(choices.tool);
  checkView(choices.view);
});

find("zoom-in").addEventListener("click", () => viewport.zoom(1.25));
find("zoom-out").addEventListener("click", () => viewport.zoom(0.8));
find("zoom-fit").addEventListener("click", () => viewport.fit());
find("help").addEventListener("click", () => find("help-dialog").showModal());
viewport.addEventListener("change", () => {
  if (session.maps) find("zoom").textContent = `${Math.round(100 * viewport.scale)}%`;
});

session.addEventListener("sent", () => rendering.expect());
session.addEventListener("kept", () => rendering.show(session.view));
session.addEventListener("scene", ({ detail }) => {
  if (detail.whole) opened();
  rendering.show(session.view);
});
for (const source of [session, rendering]) source.addEventListener("failure", ({ detail }) => failed(detail));
rendering.addEventListener("failure", ({ detail }) => detail.status === 410 && session.reload().catch(failed));
rendering.addEventListener("busy", () => (find("busy").hidden = !rendering.busy));

new ResizeObserver(fitCanvases).observe(find("stage"));
const actions = {
  ...Object.fromEntries(Object.keys(tools).map(tool => [tool, () => useTool(tool)])),
  ...Object.fromEntries(["labels", "image", "overlay", "split"].map(view => [view, () => choices.set({ view })])),
  undo: () => edits.undo(),
  redo: () => edits.redo(),
  smaller: () => resize(-1),
  larger: () => resize(1),
  flip: () => choices.selected !== null && things.transform(choices.selected, { flip: true }),
  remove: () => choices.selected !== null && things.remove(choices.selected),
  leave: () => pointer.cancel() || cursor.cancel() || choices.set({ selected: null }),
  zoomIn: () => viewport.zoom(1.25),
  zoomOut: () => viewport.zoom(0.8),
  fit: () => viewport.fit(),
  help: () => find("help-dialog").showModal(),
};
start();

async function start() {
  try {
    await session.start();
    find("loading").hidden = true;
    for (const part of document.querySelectorAll("[inert]")) part.inert = false;
    makeShortcuts(actions);
  } catch (failure) {
    find("loading").classList.add("error");
    find("loading").textContent = [401, 403].includes(failure.status)
      ? "This page needs the whole address that synthkit editor printed, its token included."
      : failure.message;
  }
}

function opened() {
  find("run").textContent = session.model.run;
  rendering.clear();
  choices.set({ selected: null });
  viewport.show(session.view.width, session.view.height);
  for (const fill of fillPanels) fill();
  objects.fill().catch(failed);
}

function failed(failure) {
  if (failure.status === 410 || failure.status === 409)
    complain("This scene was changed elsewhere, so it has been loaded anew. Try again.");
  else complain(failure.message);
}

function useTool(tool) {
  choices.set({ tool });
  if (TOOL_PANELS[tool]) panels.show(TOOL_PANELS[tool]);
  announce(`tool: ${tool}`);
}

function resize(direction) {
  if (["brush", "erase"].includes(choices.tool)) {
    const size = Math.round(choices.size * 1.2 ** direction + direction * 0.5);
    choices.set({ size: Math.min(Number(find("size").max), Math.max(1, size)) });
  } else if (choices.selected !== null) {
    things.transform(choices.selected, { scale: 1.1 ** direction });
  }
}

function hovered(pixel) {
  find("hover").textContent = pixel ? described(pixel) : "";
}

function described({ x, y }) {
  const { label, instance } = session.maps.at(x, y);
  return `${session.classOf(label).name} ${instance} · ${x}, ${y}`;
}

function fitCanvases() {
  const { clientWidth, clientHeight } = find("stage");
  for (const each of [find("picture"), canvas])
    Object.assign(each, {
      width: Math.round(clientWidth * devicePixelRatio),
      height: Math.round(clientHeight * devicePixelRatio),
    });
  viewport.resize(clientWidth, clientHeight);
}
