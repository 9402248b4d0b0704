// What the app suggests to write to it, pinned above the messages: one press sends it.

import { h, reconcile } from "./dom.js";

/**
 * @param {HTMLElement} root @param {{title: string, message: string}[]} prompts
 * @param {(text: string) => void} send
 */
export function renderPrompts(root, prompts, send) {
  root.hidden = prompts.length === 0;
  reconcile(
    root,
    prompts.map(({ title, message }, index) => ({
      key: `prompt:${index}`,
      signature: JSON.stringify([title, message]),
      create: () =>
        h(
          "button",
          {
            type: "button",
            class: "prompt",
            title: message,
            data: { testid: "prompt", focus: `prompt/${index}` },
            on: { click: () => send(message) },
          },
          title,
        ),
    })),
  );
}
