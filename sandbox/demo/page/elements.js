// What a person presses or chooses in a block: buttons and menus here, inputs in `fields.js`.
// https://docs.slack.dev/reference/block-kit/block-elements

import { confirmed } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { createField } from "./fields.js";
import { openMenu } from "./menu.js";
import { plainText } from "./mrkdwn.js";

/** @typedef {import("./parts.js").Scope} Scope */

/** Return an element of an `actions` block, or a section's accessory.
 * @param {string} blockId @param {any} element @param {Scope} scope @returns {HTMLElement} */
export function control(blockId, element, scope) {
  switch (element.type) {
    case "button":
    case "icon_button":
      return button(blockId, element, plainText(element.text), scope);
    case "feedback_buttons":
      return thumbs(blockId, element, scope);
    case "overflow":
      return overflow(blockId, element, scope);
    case "static_select":
      // In a message nothing is submitted: a choice acts at once, and arrows must not choose.
      return scope.fields ? chooser(blockId, element, scope) : menu(blockId, element, scope);
    default:
      return chooser(blockId, element, scope);
  }
}

/** @param {string} blockId @param {any} element @param {Scope} scope */
function identity(blockId, element, scope) {
  return {
    actionId: element.action_id ?? "",
    focus: `${scope.key}/${blockId}/${element.action_id}`,
  };
}

/** @param {string} blockId @param {any} element @param {string} words @param {Scope} scope */
function button(blockId, element, words, scope) {
  const node = h(
    "button",
    {
      type: "button",
      class: `button ${element.style ?? ""}`,
      title: element.type === "icon_button" ? words : null,
      "aria-label": element.accessibility_label,
      data: { ...identity(blockId, element, scope), value: element.value ?? "" },
      on: {
        click: () => press(node, element, scope, () => scope.act(blockId, element, element.value)),
      },
    },
    words,
  );
  return node;
}

/**
 * Ask if the element says so, follow its link if it has one, and act once however often it is
 * pressed meanwhile.
 * @param {HTMLElement} node @param {any} element @param {Scope} scope
 * @param {() => Promise<void>} act
 */
async function press(node, element, scope, act) {
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  try {
    if (element.confirm && !(await confirmed(element.confirm, scope.names))) return;
    if (/^https?:\/\//i.test(element.url ?? "")) window.open(element.url, "_blank", "noopener");
    await act();
  } finally {
    node.removeAttribute("aria-busy");
  }
}

/**
 * Return the two thumbs, of which the pressed one is marked for whoever pressed it.
 * @param {string} blockId @param {any} element @param {Scope} scope
 */
function thumbs(blockId, element, scope) {
  const { actionId, focus } = identity(blockId, element, scope);
  const pressed = scope.pressed;
  // The ID of the block changes with the blocks above it.
  const key = `${scope.key}/${actionId}`;
  const thumb = (/** @type {"like" | "dislike"} */ sign, /** @type {any} */ one) => {
    const act = () => {
      pressed?.set(key, one.value);
      mark();
      return scope.act(blockId, element, one.value);
    };
    const words = plainText(one.text);
    const node = h(
      "button",
      {
        type: "button",
        class: "button icon-button thumb",
        title: words,
        "aria-label": one.accessibility_label ?? words,
        data: { actionId, focus: `${focus}/${one.value}`, value: one.value },
        on: { click: () => press(node, one, scope, act) },
      },
      icon(sign),
    );
    return node;
  };
  const pair = [thumb("like", element.positive_button), thumb("dislike", element.negative_button)];
  const mark = () => {
    for (const node of pair) {
      node.setAttribute("aria-pressed", String(pressed?.get(key) === node.dataset.value));
    }
  };
  mark();
  return h("span", { class: "block-actions", role: "group", "aria-label": "Feedback" }, pair);
}

/** @param {string} blockId @param {any} element @param {Scope} scope */
function overflow(blockId, element, scope) {
  const choose = (/** @type {any} */ option) =>
    press(node, { ...element, url: option.url }, scope, () =>
      scope.act(blockId, element, option.value),
    );
  const node = h(
    "button",
    {
      type: "button",
      class: "button icon-button",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      data: identity(blockId, element, scope),
      on: {
        click: () =>
          openMenu(
            node,
            element.options.map((/** @type {any} */ option) => ({
              label: plainText(option.text),
              id: option.value,
              choose: () => choose(option),
            })),
          ),
      },
    },
    icon("more"),
  );
  return node;
}

/** @param {string} blockId @param {any} element @param {Scope} scope */
function menu(blockId, element, scope) {
  const words = plainText(element.initial_option?.text ?? element.placeholder) || "Choose";
  const node = h(
    "button",
    {
      type: "button",
      class: "button",
      "aria-haspopup": "menu",
      data: identity(blockId, element, scope),
      on: {
        click: () =>
          openMenu(
            node,
            element.options.map((/** @type {any} */ option) => ({
              label: plainText(option.text),
              id: option.value,
              choose: () =>
                press(node, element, scope, () => scope.act(blockId, element, option.value)),
            })),
          ),
      },
    },
    `${words} ▾`,
  );
  return node;
}

/** Return a field that tells the app at once. @param {string} blockId @param {any} element @param {Scope} scope */
function chooser(blockId, element, scope) {
  const field = createField(element, {
    id: `${scope.key}/${blockId}/${element.action_id}`,
    label: plainText(element.placeholder) || "Choose",
    names: scope.names,
    upload: scope.upload,
    carried: scope.fields?.carried(blockId, element.action_id),
    onCommit: async (value) => {
      if (element.confirm && !(await confirmed(element.confirm, scope.names))) return;
      await scope.act(blockId, element, value);
    },
  });
  scope.fields?.add(blockId, element.action_id, field);
  return field.node;
}
