// Block Kit blocks as DOM nodes. https://docs.slack.dev/reference/block-kit/blocks

import { RICHER } from "./cards.js";
import { h } from "./dom.js";
import { control } from "./elements.js";
import { input } from "./inputs.js";
import { markdown } from "./markdown.js";
import { plainText, textObject } from "./mrkdwn.js";
import { collapsible, picture } from "./parts.js";
import { richText } from "./richtext.js";

/** @typedef {import("./parts.js").Scope} Scope */

/** @type {Record<string, (block: any, scope: Scope, render: typeof renderBlock) => HTMLElement>} */
const BLOCKS = {
  section,
  header: (block) => h("h3", { class: "block-header", dir: "auto" }, plainText(block.text)),
  divider: () => h("hr", { class: "block-divider" }),
  context: (block, scope) =>
    h(
      "div",
      { class: "block-context", dir: "auto" },
      block.elements.map((/** @type {any} */ element) =>
        element.type === "image"
          ? picture(element, "context-image")
          : h("span", {}, textObject(element, scope.names)),
      ),
    ),
  image: (block) =>
    h(
      "figure",
      { class: "block-image" },
      block.title && h("figcaption", { dir: "auto" }, plainText(block.title)),
      picture(block, "image"),
    ),
  actions: (block, scope) =>
    h(
      "div",
      { class: "block-actions" },
      block.elements.map((/** @type {any} */ element) => control(block.block_id, element, scope)),
    ),
  rich_text: (block, scope) => richText(block, scope.names),
  markdown: (block) => markdown(block.text),
  input,
  ...RICHER,
};

/** @param {any} block @param {Scope} scope @returns {HTMLElement} */
export function renderBlock(block, scope) {
  const render = Object.hasOwn(BLOCKS, block.type) ? BLOCKS[block.type] : unknown;
  const node = render(block, scope, renderBlock);
  node.classList.add("block");
  node.dataset.blockId = block.block_id ?? "";
  return node;
}

/**
 * Return what `reconcile` needs to show `blocks` and to redraw those alone that change.
 * @param {any[]} blocks @param {Scope} scope @returns {import("./dom.js").Item[]}
 */
export function blockItems(blocks, scope) {
  return blocks.map((block, index) => ({
    key: `block:${block.block_id ?? index}`,
    // A time that is being typed stays as it is, as in Slack: it is kept by the field's IDs.
    signature: JSON.stringify(block, (name, value) =>
      name === "initial_date_time" ? undefined : value,
    ),
    create: () => renderBlock(block, scope),
  }));
}

/** @param {any} block */
function unknown(block) {
  return h("p", { class: "block-unknown" }, `This page cannot show a “${block.type}” block.`);
}

/** @param {any} block @param {Scope} scope */
function section(block, scope) {
  const { names } = scope;
  const text =
    block.text && h("div", { class: "text", dir: "auto" }, textObject(block.text, names));
  const words = block.text?.text ?? "";
  const body = h(
    "div",
    { class: "section-body" },
    text &&
      (block.expand ? text : collapsible(text, words, `${scope.key}/${block.block_id}`, scope)),
    block.fields &&
      h(
        "div",
        { class: "section-fields" },
        block.fields.map((/** @type {any} */ field) =>
          h("div", { class: "text", dir: "auto" }, textObject(field, names)),
        ),
      ),
  );
  const { accessory } = block;
  const aside =
    accessory?.type === "image"
      ? picture(accessory, "accessory-image")
      : accessory && control(block.block_id, accessory, scope);
  return h("div", { class: "block-section" }, body, aside);
}
