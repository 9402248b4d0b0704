// Small pieces that blocks and messages share: pictures, long texts, and what a scope is.

import { h } from "./dom.js";

/**
 * @typedef {object} Scope  Where blocks stand: a message, a modal or the Home tab.
 * @property {import("./mrkdwn.js").Names} names
 * @property {string} key  makes IDs and focus keys unique on the page
 * @property {(blockId: string, element: any, value?: any) => Promise<void>} act
 * @property {(file: File) => Promise<string>} upload  returns the file's ID
 * @property {import("./registry.js").Registry | null} fields  `null` outside of views
 * @property {Set<string>} expanded  long texts that this person opened
 * @property {Map<string, string> | null} pressed  which feedback button this person pressed last,
 *   by its key; `null` outside of messages
 */

/** Texts above this many characters or lines are shown in part, as Slack does. */
const LONG_TEXT = 700;
const LONG_LINES = 12;

/**
 * Return `node`, or if `words` is long, a box that shows its beginning and a button for the rest.
 * @param {HTMLElement} node @param {string} words @param {string} key
 * @param {{expanded: Set<string>}} scope @returns {HTMLElement}
 */
export function collapsible(node, words, key, scope) {
  if (words.length <= LONG_TEXT && words.split("\n").length <= LONG_LINES) return node;
  const button = h("button", {
    type: "button",
    class: "link-button",
    data: { testid: "see-more", focus: `${key}/more` },
  });
  const show = () => {
    const open = scope.expanded.has(key);
    node.classList.toggle("clamped", !open);
    button.textContent = open ? "See less" : "See more";
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => {
    if (!scope.expanded.delete(key)) scope.expanded.add(key);
    show();
  });
  show();
  return h("div", {}, node, button);
}

/** @param {any} image @param {string} className @returns {HTMLImageElement} */
export function picture(image, className) {
  const file = image.slack_file;
  const source = file?.id ? `/demo/files/${encodeURIComponent(file.id)}` : file?.url;
  return h("img", {
    class: className,
    src: source ?? image.image_url,
    alt: image.alt_text ?? "",
    loading: "lazy",
  });
}
