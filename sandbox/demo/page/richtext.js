// The `rich_text` block. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block

import { fillDate } from "./dates.js";
import { h } from "./dom.js";
import { emojiNamed } from "./emoji.js";
import { link, mention } from "./mrkdwn.js";

/** @typedef {import("./mrkdwn.js").Names} Names */

/** @param {any} block @param {Names} names @returns {HTMLElement} */
export function richText(block, names) {
  return h(
    "div",
    { class: "rich-text", dir: "auto" },
    block.elements.map((/** @type {any} */ part) => section(part, names)),
  );
}

/** @param {any} part @param {Names} names @returns {HTMLElement} */
function section(part, names) {
  const inner = part.elements ?? [];
  switch (part.type) {
    case "rich_text_list":
      return h(
        part.style === "ordered" ? "ol" : "ul",
        { class: `indent-${part.indent ?? 0}`, start: part.offset ? part.offset + 1 : null },
        inner.map((/** @type {any} */ item) => h("li", {}, leaves(item.elements, names))),
      );
    case "rich_text_quote":
      return h("blockquote", { dir: "auto" }, leaves(inner, names));
    case "rich_text_preformatted":
      return h("pre", {}, leaves(inner, names));
    default:
      return h("p", {}, leaves(inner, names));
  }
}

/** @param {any[]} elements @param {Names} names */
function leaves(elements, names) {
  return elements.map((element) => styled(leaf(element, names), element.style ?? {}));
}

/** @param {any} element @param {Names} names @returns {Node} */
function leaf(element, names) {
  const text = (/** @type {string} */ words) => document.createTextNode(words);
  switch (element.type) {
    case "link":
      return link(element.url, element.text || element.url);
    case "user":
      return mention(element.user_id, names);
    case "channel":
      return h("span", { class: "mention" }, `#${names.channel(element.channel_id)}`);
    case "broadcast":
      return h("span", { class: "mention mention-me" }, `@${element.range}`);
    case "emoji":
      return text(emojiNamed(element.name) ?? `:${element.name}:`);
    case "color":
      return h("code", {}, element.value);
    case "date": {
      const moment = new Date(element.timestamp * 1000);
      return text(fillDate(element.format, moment) ?? element.fallback ?? "");
    }
    default:
      return text(element.text ?? "");
  }
}

/** @param {Node} node @param {Record<string, boolean>} style */
function styled(node, style) {
  const tags = { bold: "strong", italic: "em", strike: "s", underline: "u", code: "code" };
  return Object.entries(tags).reduce(
    (inner, [name, tag]) => (style[name] ? h(tag, {}, inner) : inner),
    node,
  );
}
