// What the page tells on its own: errors in red, a lost line, and new messages for screen readers.

import { h, icon } from "./dom.js";

/** Long messages are read out in part; the rest stands in the list. */
const SPOKEN = 200;

const place = /** @type {HTMLElement} */ (document.querySelector("#notices"));
const live = /** @type {HTMLElement} */ (document.querySelector("#live"));

/** Errors that this person has closed; until the next act they stay closed. @type {string | null} */
let dismissed = null;

/** Let an error that was closed show again if it comes again. */
export function forget() {
  dismissed = null;
}

/**
 * Show what Slack shows in red. Inside of an open modal, because what lies under it is out of reach.
 * @param {string | null} error @param {boolean} isLost
 */
export function showNotices(error, isLost) {
  const words = error !== null && error !== dismissed ? error : null;
  const modal = document.querySelector("dialog[open].modal .modal-errors");
  const target = modal ?? place;
  for (const other of [place, modal]) if (other && other !== target) other.replaceChildren();
  const signature = JSON.stringify([words, isLost]);
  const standing = target.firstElementChild;
  if (standing instanceof HTMLElement && standing.dataset.signature === signature) return;
  target.replaceChildren(
    h(
      "div",
      { data: { signature } },
      isLost &&
        h(
          "p",
          { class: "notice", data: { testid: "offline" } },
          "The line to the demo's server is down. Trying again…",
        ),
      words !== null && errorNotice(words),
    ),
  );
}

/** @param {string} words */
function errorNotice(words) {
  const node = h(
    "div",
    { class: "notice notice-error", role: "alert", data: { testid: "notice" } },
    icon("warning"),
    h("span", { dir: "auto" }, words),
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Dismiss",
        data: { testid: "notice-dismiss" },
        on: {
          click: () => {
            dismissed = words;
            node.remove();
          },
        },
      },
      icon("close"),
    ),
  );
  return node;
}

/** @param {string} words */
export function say(words) {
  live.textContent = words.length > SPOKEN ? `${words.slice(0, SPOKEN)}…` : words;
}
