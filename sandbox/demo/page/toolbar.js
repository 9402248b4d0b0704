// What can be done to a message: reply in its thread, or hand it to the app.

import { h, icon } from "./dom.js";
import { openMenu } from "./menu.js";

/**
 * @param {any} message @param {import("./messages.js").Place} place
 * @returns {HTMLElement | null} `null`: a private answer has none
 */
export function toolbar(message, place) {
  const shortcuts = place.state.shortcuts.filter(
    (/** @type {any} */ one) => one.type === "message",
  );
  if (message.ephemeral_for) return null;
  const run = (/** @type {string} */ callbackId) =>
    void place.act({
      type: "message_shortcut",
      callback_id: callbackId,
      channel: place.state.channel.id,
      ts: message.ts,
    });
  const more = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      data: { testid: "message-actions", focus: `${place.id}/${message.ts}/more` },
      on: {
        click: () =>
          openMenu(
            more,
            shortcuts.map((/** @type {any} */ one) => ({
              label: one.name,
              id: one.callback_id,
              choose: () => run(one.callback_id),
            })),
          ),
      },
    },
    icon("more"),
  );
  const reply = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": "Reply in thread",
      title: "Reply in thread",
      data: { testid: "thread-reply", focus: `${place.id}/${message.ts}/reply` },
      on: { click: () => place.openThread?.(message.ts) },
    },
    icon("thread"),
  );
  return h(
    "div",
    { class: "toolbar", role: "group", "aria-label": "Message actions" },
    place.openThread && reply,
    shortcuts.length > 0 && more,
  );
}
