// A field for a day and a time: Slack's `datetimepicker`, by the clock of this browser.
// https://docs.slack.dev/reference/block-kit/block-elements/datetime-picker-element

import { h } from "./dom.js";

/**
 * @typedef {import("./registry.js").Field} Field
 * @typedef {import("./registry.js").Value} Value
 * @typedef {import("./fields.js").Options} Options
 */

/** @param {any} element @param {Options} options @returns {Field} */
export function momentField(element, options) {
  const input = (/** @type {string} */ type, /** @type {string} */ label) =>
    h("input", {
      class: "input",
      // The label of the field leads to the first of both.
      id: type === "date" ? options.id : null,
      type,
      "aria-label": label,
      "aria-describedby": options.describedBy,
      data: { focus: `${options.id}/${type}` },
    });
  const day = input("date", "Date");
  const time = input("time", "Time");
  const first = element.initial_date_time ?? "";
  [day.value, time.value] = shown(options.carried === undefined ? first : options.carried);
  const node = h(
    "div",
    {
      class: "moment-field",
      role: "group",
      "aria-label": options.label,
      data: { actionId: element.action_id ?? "" },
    },
    day,
    time,
  );
  const read = () => secondsOf(day.value, time.value);
  const isEmpty = () => ![day, time].some((one) => one.value !== "" || one.validity.badInput);
  node.addEventListener("change", () => {
    // Slack tells the app of a whole time, and of one that was taken away.
    if (read() !== "" || isEmpty()) options.onCommit?.(read());
  });
  const problem = () =>
    read() === "" && !isEmpty() ? "Please choose both a date and a time." : null;
  return { node, read, problem };
}

/** Return the seconds as Slack counts them; empty without a whole time, or before 1970.
 * @param {string} day @param {string} time */
function secondsOf(day, time) {
  const seconds = day && time ? Math.floor(new Date(`${day}T${time}`).getTime() / 1000) : -1;
  return seconds >= 0 ? String(seconds) : "";
}

/** Return what both inputs show. @param {Value | number} seconds @returns {[string, string]} */
function shown(seconds) {
  if (!seconds) return ["", ""];
  const moment = new Date(Number(seconds) * 1000);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const day = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-");
  return [day, `${two(moment.getHours())}:${two(moment.getMinutes())}`];
}
