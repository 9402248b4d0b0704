// Slack's newer blocks: cards, plans, tables, alerts and containers.
// https://docs.slack.dev/reference/block-kit/blocks

import { h } from "./dom.js";
import { control } from "./elements.js";
import { link, plainText, textObject } from "./mrkdwn.js";
import { picture } from "./parts.js";
import { richText } from "./richtext.js";

/** @typedef {import("./parts.js").Scope} Scope */

const STATES = {
  pending: "○",
  in_progress: "◐",
  complete: "✓",
  error: "✕",
};

/**
 * @typedef {(block: any, scope: Scope) => HTMLElement} Render
 * @type {Record<string, (block: any, scope: Scope, render: Render) => HTMLElement>}
 */
export const RICHER = {
  alert: (block, scope) =>
    h(
      "div",
      { class: `block-alert alert-${block.level ?? "default"}`, role: "note", dir: "auto" },
      textObject(block.text, scope.names),
    ),
  card,
  carousel: (block, scope, render) =>
    h(
      "div",
      { class: "block-carousel", role: "group", "aria-label": "Cards", tabindex: "0" },
      block.elements.map((/** @type {any} */ element) => render(element, scope)),
    ),
  container,
  context_actions: (block, scope) =>
    h(
      "div",
      { class: "block-actions" },
      block.elements.map((/** @type {any} */ element) => control(block.block_id, element, scope)),
    ),
  plan: (block, scope) =>
    h(
      "div",
      { class: "block-plan" },
      h("strong", { dir: "auto" }, plainText(block.title)),
      h(
        "ol",
        {},
        (block.tasks ?? []).map((/** @type {any} */ one) => h("li", {}, task(one, scope))),
      ),
    ),
  table,
  task_card: task,
};

/** @param {any} block @param {Scope} scope */
function card(block, scope) {
  const line = (/** @type {any} */ text, /** @type {string} */ className) =>
    text && h("div", { class: className, dir: "auto" }, textObject(text, scope.names));
  return h(
    "div",
    { class: "block-card" },
    block.hero_image && picture(block.hero_image, "card-hero"),
    h(
      "div",
      { class: "card-head" },
      block.icon && picture(block.icon, "card-icon"),
      h("div", {}, line(block.title, "card-title"), line(block.subtitle, "card-subtitle")),
    ),
    line(block.body, "text"),
    block.actions?.length > 0 &&
      h(
        "div",
        { class: "block-actions" },
        block.actions.map((/** @type {any} */ element) => control(block.block_id, element, scope)),
      ),
  );
}

/** @param {any} block @param {Scope} scope @param {Render} render */
function container(block, scope, render) {
  const title = block.rich_text_title
    ? richText(block.rich_text_title, scope.names)
    : h("strong", { dir: "auto" }, plainText(block.title));
  const subtitle =
    block.subtitle && h("div", { class: "card-subtitle" }, textObject(block.subtitle, scope.names));
  const children = block.child_blocks.map((/** @type {any} */ child) => render(child, scope));
  if (!block.is_collapsible)
    return h("div", { class: "block-container" }, title, subtitle, children);
  return h(
    "details",
    { class: "block-container", open: !block.default_collapsed },
    h("summary", {}, title, subtitle),
    children,
  );
}

/** @param {any} block @param {Scope} scope */
function task(block, scope) {
  const state = /** @type {keyof typeof STATES} */ (block.status ?? "pending");
  return h(
    "div",
    { class: `block-task task-${state}` },
    h(
      "span",
      { class: "task-state", role: "img", "aria-label": state.replace("_", " ") },
      STATES[state],
    ),
    h(
      "div",
      {},
      h("div", { dir: "auto" }, plainText(block.title)),
      block.details && richText(block.details, scope.names),
      block.output && richText(block.output, scope.names),
      (block.sources ?? []).map((/** @type {any} */ source) => link(source.url, source.text)),
    ),
  );
}

/** @param {any} block @param {Scope} scope */
function table(block, scope) {
  const cell = (
    /** @type {any} */ value,
    /** @type {number} */ row,
    /** @type {number} */ column,
  ) => {
    const align = block.column_settings?.[column]?.align ?? "left";
    const inner =
      value.type === "rich_text"
        ? richText(value, scope.names)
        : String(value.text ?? value.value ?? "");
    return h(row === 0 ? "th" : "td", { class: `align-${align}`, dir: "auto" }, inner);
  };
  const rows = block.rows.map((/** @type {any[]} */ cells, /** @type {number} */ row) =>
    h(
      "tr",
      {},
      cells.map((value, column) => cell(value, row, column)),
    ),
  );
  return h("div", { class: "table-place", tabindex: "0" }, h("table", {}, h("tbody", {}, rows)));
}
