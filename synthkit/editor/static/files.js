// Opening another scene, and downloads.

import { download, getPicture } from "./api.js";
import { find, make, showPicture } from "./elements.js";
import { complain, tell } from "./notices.js";

const DOWNLOADS = { image: "image.png", scene: "scene.zip" };

export function makeFiles(session) {
  const dialog = find("open-dialog");
  find("open").addEventListener("click", () => {
    find("open-error").textContent = "";
    find("open-notice").hidden = session.view.edits.length === 0;
    find("photo-row").hidden = session.model.styles === "none";
    if (!find("scenes").children.length) offerAll(session, dialog);
    dialog.showModal();
  });
  find("uploads").addEventListener("submit", event => {
    event.preventDefault();
    attempt(dialog, () => session.openFiles(chosenFiles(event.target)));
  });
  for (const [what, name] of Object.entries(DOWNLOADS))
    find(`download-${what}`).addEventListener("click", ({ currentTarget }) => save(session, currentTarget, what, name));
}

function offerAll(session, dialog) {
  const names = [...session.model.scenes, "blank"];
  const open = scene => attempt(dialog, () => session.open({ scene }));
  find("scenes").replaceChildren(...names.map((name, place) => offer(name, name === "blank" ? name : place, open)));
}

async function attempt(dialog, open) {
  dialog.setAttribute("aria-busy", "true");
  try {
    await open();
    dialog.close();
  } catch (failure) {
    find("open-error").textContent = failure.message;
  }
  dialog.removeAttribute("aria-busy");
}

function chosenFiles(form) {
  const files = [...form.querySelectorAll("input[type=file]")].map(input => [input.name, input.files[0]]);
  return Object.fromEntries(files.filter(([, file]) => file));
}

function offer(name, scene, open) {
  const picture = scene === "blank" ? make("div", { className: "blank" }) : make("img", { alt: "" });
  const button = make("button", { type: "button", className: "tile" }, picture, make("span", { text: name }));
  button.addEventListener("click", () => open(scene));
  if (scene !== "blank") showThumbnail(picture, scene);
  return make("li", {}, button);
}

async function showThumbnail(image, scene) {
  try {
    showPicture(image, (await getPicture(`/api/scenes/${scene}/thumbnail`)).blob);
  } catch (failure) {
    complain(failure.message);
  }
}

async function save(session, button, what, name) {
  button.disabled = true;
  try {
    await session.settled;
    await download(`/api/download/${what}`, name);
    tell(`Saved as ${name}.`);
  } catch (failure) {
    complain(failure.message);
  }
  button.disabled = false;
}
