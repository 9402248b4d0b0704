// The question that Slack asks before it sends a click.
// https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object

import { h } from "./dom.js";
import { plainText, textObject } from "./mrkdwn.js";

/**
 * Ask, and tell whether the answer was yes.
 * @param {any} question @param {import("./mrkdwn.js").Names} names @returns {Promise<boolean>}
 */
export function confirmed(question, names) {
  return new Promise((resolve) => ask(question, names, resolve));
}

/** @param {any} question @param {import("./mrkdwn.js").Names} names @param {(yes: boolean) => void} resolve */
function ask(question, names, resolve) {
  const answer = (/** @type {boolean} */ yes) => {
    dialog.close();
    dialog.remove();
    resolve(yes);
  };
  const button = (
    /** @type {string} */ label,
    /** @type {string} */ look,
    /** @type {boolean} */ yes,
  ) =>
    h(
      "button",
      {
        type: "button",
        class: `button ${look}`,
        autofocus: !yes,
        data: { testid: yes ? "confirm-yes" : "confirm-no" },
        on: { click: () => answer(yes) },
      },
      label,
    );
  const dialog = h(
    "dialog",
    {
      class: "dialog dialog-small",
      "aria-label": plainText(question.title),
      data: { testid: "confirm" },
      on: {
        cancel: (/** @type {Event} */ event) => {
          event.preventDefault();
          answer(false);
        },
        keydown: (/** @type {Event} */ event) => event.stopPropagation(),
      },
    },
    h("h2", { dir: "auto" }, plainText(question.title)),
    h("div", { class: "dialog-body text", dir: "auto" }, textObject(question.text, names)),
    h(
      "footer",
      {},
      button(plainText(question.deny) || "Cancel", "", false),
      button(plainText(question.confirm) || "Yes", question.style ?? "primary", true),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
