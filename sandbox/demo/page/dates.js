// Times as this person reads them: of messages, of days, and of Slack's `<!date^…>`.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
// Under this many seconds "in 0 seconds" would flicker: Slack says "just now" too.
const NOW = 5;

/** @param {string} ts */
export function momentOf(ts) {
  return new Date(Number.parseFloat(ts) * 1000);
}

/** @param {Date} moment @param {Intl.DateTimeFormatOptions} options */
function format(moment, options) {
  return new Intl.DateTimeFormat(undefined, options).format(moment);
}

/** @param {Date} moment */
export function clock(moment) {
  return format(moment, { hour: "numeric", minute: "2-digit" });
}

/** @param {Date} moment */
export function fullTime(moment) {
  return format(moment, { dateStyle: "full", timeStyle: "medium" });
}

/** Return "Today", "Yesterday" or the date. @param {Date} moment @param {Date} [now] */
export function dayName(moment, now = new Date()) {
  return nearDay(moment, now) ?? format(moment, { weekday: "long", month: "long", day: "numeric" });
}

/** @param {Date} moment @param {Date} now */
function nearDay(moment, now) {
  const start = (/** @type {Date} */ day) => new Date(day).setHours(0, 0, 0, 0);
  const days = Math.round((start(moment) - start(now)) / (DAY * 1000));
  return { 0: "Today", "-1": "Yesterday", 1: "Tomorrow" }[days];
}

/** Return "3 minutes ago" or "in 2 days". @param {Date} moment @param {Date} [now] */
export function ago(moment, now = new Date()) {
  const seconds = (moment.getTime() - now.getTime()) / 1000;
  const size = Math.abs(seconds);
  if (size < NOW) return "just now";
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "always" });
  if (size < MINUTE) return words.format(Math.round(seconds), "second");
  if (size < HOUR) return words.format(Math.round(seconds / MINUTE), "minute");
  if (size < DAY) return words.format(Math.round(seconds / HOUR), "hour");
  return words.format(Math.round(seconds / DAY), "day");
}

/** @type {Record<string, (moment: Date, now: Date) => string>} */
const TOKENS = {
  date_num: (moment) => {
    const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
    return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  },
  date: (moment) => format(moment, { dateStyle: "long" }),
  date_short: (moment) => format(moment, { dateStyle: "medium" }),
  date_long: (moment) => format(moment, { dateStyle: "full" }),
  date_slash: (moment) => format(moment, { dateStyle: "short" }),
  date_long_full: (moment) => format(moment, { dateStyle: "full" }),
  time: clock,
  time_secs: (moment) => format(moment, { timeStyle: "medium" }),
  ago,
};
for (const name of ["date", "date_short", "date_long"]) {
  TOKENS[`${name}_pretty`] = (moment, now) =>
    nearDay(moment, now)?.toLowerCase() ?? TOKENS[name](moment, now);
}
TOKENS.day_divider_pretty = dayName;

/**
 * Fill the tokens of a `<!date^…>` template; `null` if it names one that Slack does not have.
 * https://docs.slack.dev/messaging/formatting-message-text#date-formatting
 * @param {string} template @param {Date} moment @param {Date} [now]
 * @returns {string | null}
 */
export function fillDate(template, moment, now = new Date()) {
  if (Number.isNaN(moment.getTime())) return null;
  let known = true;
  const filled = template.replace(/\{(\w+)\}/g, (_, name) => {
    known &&= Object.hasOwn(TOKENS, name);
    return known ? TOKENS[name](moment, now) : "";
  });
  return known ? filled : null;
}

/** Write relative times anew. @param {ParentNode} root */
export function refreshRelative(root) {
  for (const node of root.querySelectorAll("time[data-template]")) {
    const { template, seconds } = /** @type {HTMLElement} */ (node).dataset;
    const words = fillDate(template ?? "", new Date(Number(seconds) * 1000));
    if (words !== null && words !== node.textContent) node.textContent = words;
  }
}
