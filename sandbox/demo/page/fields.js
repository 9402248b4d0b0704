// Typed inputs: text, numbers, addresses, dates. Choices and files have modules of their own.
// https://docs.slack.dev/reference/block-kit/block-elements

import { CHOICES } from "./choices.js";
import { h } from "./dom.js";
import { momentField } from "./moments.js";
import { plainText } from "./mrkdwn.js";
import { fileField } from "./uploads.js";

/**
 * @typedef {import("./registry.js").Field} Field
 * @typedef {import("./registry.js").Value} Value
 *
 * @typedef {object} Options
 * @property {string} id  unique on the page
 * @property {string} [label]  the accessible name where no visible label exists
 * @property {string} [describedBy]  IDs of the hint and the error line
 * @property {import("./mrkdwn.js").Names} names
 * @property {(file: File) => Promise<string>} upload
 * @property {Value | undefined} carried  what stood there before a redraw
 * @property {(value: Value) => void} [onCommit]  set where the app wants to know at once
 */

/** A pause in typing after which `on_character_entered` tells the app, in milliseconds. */
const TYPING_PAUSE = 300;

/** @param {any} element @param {Options} options @returns {Field} */
export function createField(element, options) {
  switch (element.type) {
    case "plain_text_input":
      return text(element, options, element.multiline ? "textarea" : "input", "text");
    case "number_input":
      return number(element, options);
    case "email_text_input":
      return text(element, options, "input", "email");
    case "url_text_input":
      return text(element, options, "input", "url");
    case "datepicker":
      return text({ ...element, initial_value: element.initial_date }, options, "input", "date");
    case "timepicker":
      return text({ ...element, initial_value: element.initial_time }, options, "input", "time");
    case "datetimepicker":
      return momentField(element, options);
    case "file_input":
      return fileField(element, options);
    default:
      return Object.hasOwn(CHOICES, element.type)
        ? CHOICES[element.type](element, options)
        : unknown(element);
  }
}

/** @param {any} element @returns {Field} */
function unknown(element) {
  const words = `This page cannot show a “${element.type}” element.`;
  return { node: h("p", { class: "block-unknown" }, words), read: () => null };
}

/** @param {any} element @param {Options} options @param {string} tag @param {string} type @returns {Field} */
function text(element, options, tag, type) {
  const control = h(tag, {
    class: "input",
    id: options.id,
    type: tag === "input" ? type : null,
    rows: tag === "textarea" ? 4 : null,
    dir: "auto",
    placeholder: plainText(element.placeholder) || null,
    maxlength: element.max_length,
    autocomplete: "off",
    autofocus: element.focus_on_load === true,
    "aria-label": options.label,
    "aria-describedby": options.describedBy,
    data: { actionId: element.action_id ?? "", focus: options.id },
  });
  control.value =
    options.carried === undefined ? (element.initial_value ?? "") : (options.carried ?? "");
  // An emptied field is empty; `null` would stand for one that nobody touched.
  const read = () => control.value;
  if (options.onCommit) commitWhileTyping(control, element, () => options.onCommit?.(read()));
  const problem = () => {
    const least = element.min_length ?? 0;
    const short = control.value !== "" && control.value.length < least;
    return short ? `Please write at least ${least} characters.` : null;
  };
  return { node: control, read, problem };
}

/**
 * Tell the app as the element's `dispatch_action_config` says; by default on Enter.
 * @param {HTMLElement} control @param {any} element @param {() => void} commit
 */
function commitWhileTyping(control, element, commit) {
  if (element.type === "datepicker" || element.type === "timepicker") {
    control.addEventListener("change", commit);
    return;
  }
  const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  if (when.includes("on_enter_pressed")) {
    control.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      commit();
    });
  }
  if (when.includes("on_character_entered")) {
    let timer = 0;
    control.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(commit, TYPING_PAUSE);
    });
  }
}

/** @param {any} element @param {Options} options @returns {Field} */
function number(element, options) {
  const field = text(element, options, "input", "text");
  field.node.setAttribute("inputmode", element.is_decimal_allowed ? "decimal" : "numeric");
  return { ...field, problem: () => numberProblem(element, field.read()) };
}

/** @param {any} element @param {Value} value @returns {string | null} */
function numberProblem(element, value) {
  if (typeof value !== "string" || value === "") return null;
  const shape = element.is_decimal_allowed ? /^[-+]?\d*\.?\d+$/ : /^[-+]?\d+$/;
  if (!shape.test(value.trim())) {
    return element.is_decimal_allowed ? "Please enter a number." : "Please enter a whole number.";
  }
  const { min_value: least, max_value: most } = element;
  if (least !== undefined && least !== null && Number(value) < Number(least)) {
    return `Please enter a number of at least ${least}.`;
  }
  if (most !== undefined && most !== null && Number(value) > Number(most)) {
    return `Please enter a number of at most ${most}.`;
  }
  return null;
}
