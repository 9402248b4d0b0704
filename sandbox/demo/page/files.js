// Files in a message: a video to play, a picture, or a card to download.

import { h, icon } from "./dom.js";

const KILO = 1024;

/** @param {any} file @returns {HTMLElement} */
export function renderFile(file) {
  if (file.mimetype?.startsWith("video/")) return video(file);
  if (file.mimetype?.startsWith("image/")) return image(file);
  return card(file, "");
}

/** @param {any} file */
function video(file) {
  const player = h("video", {
    controls: true,
    playsinline: true,
    preload: "metadata",
    src: file.url,
    "aria-label": file.alt || file.title || file.name,
    data: { testid: "file-video", fileId: file.id },
  });
  const node = h("figure", { class: "file" }, caption(file), player);
  player.addEventListener("error", () => {
    player.replaceWith(card(file, "This browser cannot play the file."));
  });
  return node;
}

/** @param {any} file */
function image(file) {
  const words = file.alt || file.title || file.name;
  return h(
    "figure",
    { class: "file" },
    caption(file),
    h(
      "a",
      { href: file.url, target: "_blank", rel: "noopener" },
      h("img", { src: file.url, alt: words, data: { testid: "file-image", fileId: file.id } }),
    ),
  );
}

/** @param {any} file */
function caption(file) {
  return h(
    "figcaption",
    {},
    h(
      "span",
      { class: "file-title", dir: "auto", title: file.title || file.name },
      file.title || file.name,
    ),
    h("span", { class: "file-size" }, sizeOf(file.size)),
    h(
      "a",
      {
        class: "icon-button",
        href: file.url,
        download: file.name,
        "aria-label": `Download ${file.name}`,
      },
      icon("download"),
    ),
  );
}

/** @param {any} file @param {string} note */
function card(file, note) {
  return h(
    "a",
    { class: "file file-card", href: file.url, download: file.name, data: { testid: "file-card" } },
    icon("download"),
    h(
      "span",
      {},
      h("span", { class: "file-title", dir: "auto" }, file.title || file.name),
      h(
        "span",
        { class: "hint" },
        [note, file.mimetype, sizeOf(file.size)].filter(Boolean).join(" · "),
      ),
    ),
  );
}

/** @param {number | undefined} bytes */
function sizeOf(bytes) {
  if (!bytes) return "";
  if (bytes < KILO * KILO) return `${Math.max(1, Math.round(bytes / KILO))} KB`;
  return `${(bytes / KILO / KILO).toFixed(1)} MB`;
}
