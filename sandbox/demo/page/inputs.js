// The `input` block: a label, a field, a hint and a place for what is wrong.
// https://docs.slack.dev/reference/block-kit/blocks/input-block

import { h } from "./dom.js";
import { createField } from "./fields.js";
import { plainText } from "./mrkdwn.js";

/** @param {any} block @param {import("./parts.js").Scope} scope @returns {HTMLElement} */
export function input(block, scope) {
  const { element, block_id: blockId, hint } = block;
  const id = `${scope.key}/${blockId}/${element.action_id}`;
  const commit = (/** @type {any} */ value) => void scope.act(blockId, element, value);
  const field = createField(element, {
    id,
    names: scope.names,
    upload: scope.upload,
    describedBy: `${id}/hint ${id}/error`,
    carried: scope.fields?.carried(blockId, element.action_id),
    onCommit: block.dispatch_action ? commit : undefined,
  });
  const error = h("p", {
    class: "field-error",
    id: `${id}/error`,
    data: { testid: "field-error" },
  });
  const tell = (/** @type {string | null} */ problem) => {
    error.textContent = problem ?? "";
    node.classList.toggle("has-error", problem !== null);
    const control = labelled(field.node);
    control.setAttribute("aria-invalid", String(problem !== null));
  };
  const group = field.node.getAttribute("role");
  const label = h(
    group ? "div" : "label",
    { class: "field-label", id: `${id}/label`, for: group ? null : id, dir: "auto" },
    plainText(block.label),
    block.optional && h("span", { class: "optional" }, " (optional)"),
  );
  if (group) field.node.setAttribute("aria-labelledby", `${id}/label`);
  const node = h(
    "div",
    { class: "block-input", on: { input: () => tell(null), change: () => tell(null) } },
    label,
    field.node,
    h("p", { class: "hint", id: `${id}/hint`, dir: "auto" }, hint && plainText(hint)),
    error,
  );
  scope.fields?.add(blockId, element.action_id, field);
  scope.fields?.addInput({ blockId, field, optional: block.optional === true, tell });
  return node;
}

/** Return the node that a screen reader reads the error with. @param {HTMLElement} node */
function labelled(node) {
  if (node.hasAttribute("role")) return node;
  return node.matches("input, select, textarea") ? node : (node.querySelector("input") ?? node);
}
