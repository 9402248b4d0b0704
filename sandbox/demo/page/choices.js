// Inputs that offer options: selects, checkboxes and radio buttons.
// https://docs.slack.dev/reference/block-kit/block-elements

import { h } from "./dom.js";
import { plainText, textObject } from "./mrkdwn.js";

/**
 * @typedef {import("./registry.js").Field} Field
 * @typedef {import("./fields.js").Options} Options
 * @typedef {{text: any, value: string, description?: any}} Option
 */

/** @type {Record<string, (element: any, options: Options) => Field>} */
export const CHOICES = {
  static_select: (element, options) => select(element, options, element.initial_option?.value),
  users_select: (element, options) =>
    select(withOptions(element, options.names.users()), options, element.initial_user),
  channels_select: (element, options) =>
    select(withOptions(element, options.names.channels()), options, element.initial_channel),
  conversations_select: (element, options) => {
    const here = element.default_to_current_conversation ? options.names.here : undefined;
    const initial = element.initial_conversation ?? here;
    return select(withOptions(element, options.names.channels()), options, initial);
  },
  radio_buttons: (element, options) =>
    boxes(element, options, "radio", [element.initial_option].filter(Boolean)),
  checkboxes: (element, options) =>
    boxes(element, options, "checkbox", element.initial_options ?? []),
  multi_static_select: (element, options) =>
    boxes(element, options, "checkbox", element.initial_options ?? []),
};

/** @param {any} element @param {{id: string, name: string}[]} entries */
function withOptions(element, entries) {
  const options = entries.map(({ id, name }) => ({ text: name, value: id }));
  return { ...element, options };
}

/** @param {any} element @param {Options} options @param {string | undefined} initial @returns {Field} */
function select(element, options, initial) {
  const entry = (/** @type {Option} */ option) =>
    h("option", { value: option.value }, plainText(option.text));
  const control = h(
    "select",
    {
      class: "input select",
      id: options.id,
      autofocus: element.focus_on_load === true,
      "aria-label": options.label,
      "aria-describedby": options.describedBy,
      data: { actionId: element.action_id ?? "", focus: options.id },
    },
    // As in Slack, what is chosen can be changed but not taken back.
    !initial && h("option", { value: "" }, plainText(element.placeholder) || "Select an option"),
    element.option_groups
      ? element.option_groups.map((/** @type {any} */ group) =>
          h("optgroup", { label: plainText(group.label) }, group.options.map(entry)),
        )
      : (element.options ?? []).map(entry),
  );
  control.value = options.carried ?? initial ?? "";
  // A value that is no longer offered leaves the select blank: begin anew.
  if (control.selectedIndex < 0) control.value = initial ?? "";
  const read = () => (control.value === "" ? null : control.value);
  control.addEventListener("change", () => options.onCommit?.(read()));
  return { node: control, read };
}

/**
 * A list of options to tick. A multi-select is shown this way too: all is in sight, and it works
 * alike by touch, mouse and keyboard.
 * @param {any} element @param {Options} options @param {"radio" | "checkbox"} type
 * @param {Option[]} initial @returns {Field}
 */
function boxes(element, options, type, initial) {
  const chosen = new Set(
    options.carried === undefined
      ? initial.map((option) => option.value)
      : [options.carried ?? []].flat(),
  );
  const offered =
    element.options ?? element.option_groups.flatMap((/** @type {any} */ group) => group.options);
  const node = h(
    "div",
    {
      class: "boxes",
      id: options.id,
      role: type === "radio" ? "radiogroup" : "group",
      "aria-label": options.label,
      "aria-describedby": options.describedBy,
      data: { actionId: element.action_id ?? "" },
    },
    offered.map((/** @type {Option} */ option) =>
      box(option, type, chosen.has(option.value), options),
    ),
  );
  const checked = () =>
    Array.from(node.querySelectorAll("input:checked"), (one) => /** @type {any} */ (one).value);
  const read = () => (type === "radio" ? (checked()[0] ?? null) : checked());
  const limit = element.max_selected_items ?? Number.POSITIVE_INFINITY;
  const bound = () => {
    const full = checked().length >= limit;
    for (const one of node.querySelectorAll("input")) one.disabled = full && !one.checked;
  };
  node.addEventListener("change", () => {
    if (type === "checkbox") bound();
    options.onCommit?.(read());
  });
  if (type === "checkbox") bound();
  return { node, read };
}

/** @param {Option} option @param {string} type @param {boolean} checked @param {Options} options */
function box(option, type, checked, options) {
  const control = h("input", {
    type,
    name: options.id,
    value: option.value,
    data: { focus: `${options.id}/${option.value}` },
  });
  control.checked = checked;
  return h(
    "label",
    { class: "box", dir: "auto" },
    control,
    h(
      "span",
      {},
      textObject(option.text, options.names),
      option.description &&
        h("span", { class: "hint" }, textObject(option.description, options.names)),
    ),
  );
}
