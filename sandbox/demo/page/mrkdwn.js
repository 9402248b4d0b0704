// Slack's mrkdwn as DOM nodes. https://docs.slack.dev/messaging/formatting-message-text

import { fillDate, fullTime } from "./dates.js";
import { h } from "./dom.js";
import { emojiNamed, withEmoji } from "./emoji.js";

/**
 * @typedef {{me: string, here: string, user: (id: string) => string, channel: (id: string) => string,
 *            users: () => Entry[], channels: () => Entry[]}} Names
 * What stands behind an ID, whose eyes these are, and at which channel they look.
 *
 * @typedef {{id: string, name: string}} Entry
 */

const FENCE = "```";

/** Undo Slack's three escapes, once. @param {string} text */
export function unescape(text) {
  const plain = { lt: "<", gt: ">", amp: "&" };
  return text.replace(/&(lt|gt|amp);/g, (_, name) => plain[/** @type {"lt"} */ (name)]);
}

/** @param {string} text @param {Names} names @returns {Node[]} */
export function mrkdwn(text, names) {
  const parts = text.split(FENCE);
  // A fence that nobody closed is text.
  if (parts.length % 2 === 0) parts.push([parts.pop(), parts.pop()].reverse().join(FENCE));
  return parts.flatMap((part, index) => {
    if (index % 2 === 1) return [h("pre", {}, unescape(part.replace(/^\n|\n$/g, "")))];
    return quoted(index > 0 ? part.replace(/^\n/, "") : part, names);
  });
}

/** Group the lines that begin with `>`. @param {string} text @param {Names} names */
function quoted(text, names) {
  /** @type {Node[]} */
  const nodes = [];
  /** @type {string[]} */
  let held = [];
  let inQuote = false;
  const flush = () => {
    if (held.length === 0) return;
    const inner = inline(held.join("\n"), names);
    if (inQuote) nodes.push(h("blockquote", {}, inner));
    else nodes.push(...inner);
    held = [];
  };
  for (const line of text.split("\n")) {
    const mark = /^(?:&gt;|>) ?/.exec(line);
    if (Boolean(mark) !== inQuote) {
      flush();
      inQuote = Boolean(mark);
    }
    held.push(mark ? line.slice(mark[0].length) : line);
  }
  flush();
  return nodes;
}

// Marks count at the edge of a word only: `snake_case` and `2*3*4` stay as they are.
const EDGE = "(?<![\\p{L}\\p{N}])";
const END = "(?![\\p{L}\\p{N}])";
const span = (/** @type {string} */ mark) =>
  `${EDGE}[${mark}](?![\\s${mark}])([^${mark}\\n]*[^\\s${mark}])[${mark}]${END}`;
const INLINE = new RegExp(
  [
    "`([^`\\n]+)`",
    "<([^<>\\n]+)>",
    span("*"),
    span("_"),
    span("~"),
    ":([a-z0-9_+-]+):",
    "(https?://[^\\s<>|]*[^\\s<>|.,;:!?)\"'”])",
  ].join("|"),
  "gu",
);

/** @param {string} text @param {Names} names @returns {Node[]} */
function inline(text, names) {
  /** @type {Node[]} */
  const nodes = [];
  let from = 0;
  const plain = (/** @type {number} */ to) => {
    if (to > from) nodes.push(document.createTextNode(unescape(text.slice(from, to))));
  };
  for (const match of text.matchAll(INLINE)) {
    const node = marked(match, names);
    if (!node) continue;
    plain(match.index);
    nodes.push(node);
    from = match.index + match[0].length;
  }
  plain(text.length);
  return nodes;
}

/** @param {RegExpMatchArray} match @param {Names} names @returns {Node | null} */
function marked(match, names) {
  const [, code, angle, bold, italic, strike, emoji, bare] = match;
  if (code !== undefined) return h("code", {}, unescape(code));
  if (angle !== undefined) return reference(angle, names);
  if (bold !== undefined) return h("strong", {}, inline(bold, names));
  if (italic !== undefined) return h("em", {}, inline(italic, names));
  if (strike !== undefined) return h("s", {}, inline(strike, names));
  if (bare !== undefined) return link(unescape(bare), unescape(bare));
  const picture = emojiNamed(emoji);
  return picture ? document.createTextNode(picture) : null;
}

/** Return what stands between `<` and `>`. @param {string} body @param {Names} names */
function reference(body, names) {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? null : unescape(body.slice(bar + 1));
  if (target.startsWith("@")) return mention(target.slice(1), names, label);
  if (target.startsWith("#")) {
    return h("span", { class: "mention" }, `#${label || names.channel(target.slice(1))}`);
  }
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, label ?? "@group");
  if (target.startsWith("!")) {
    return h("span", { class: "mention mention-me" }, `@${target.slice(1)}`);
  }
  const url = unescape(target);
  // Slack takes nothing else between the brackets; what it does not know stands there as it is.
  if (!/^(?:https?:\/\/|mailto:)/i.test(url)) return document.createTextNode(label ?? `<${url}>`);
  return link(url, label ?? url.replace(/^mailto:/, ""));
}

/** @param {string} id @param {Names} names @param {string | null} [label] */
export function mention(id, names, label = null) {
  const mine = id === names.me ? " mention-me" : "";
  return h("span", { class: `mention${mine}`, data: { user: id } }, `@${label || names.user(id)}`);
}

/** @param {string} target `!date^seconds^template` and perhaps `^link` @param {string | null} label */
function date(target, label) {
  const [, seconds, template = "", url] = target.split("^");
  const moment = new Date(Number(seconds) * 1000);
  const words = fillDate(unescape(template), moment);
  if (words === null) return document.createTextNode(label ?? "");
  const node = h(
    "time",
    {
      datetime: moment.toISOString(),
      title: fullTime(moment),
      data: { template: unescape(template), seconds },
    },
    words,
  );
  return url ? link(unescape(url), node) : node;
}

/**
 * Return a link that opens beside the page; anything that is not the web or mail stays text.
 * @param {string} url @param {string | Node} label @returns {Node}
 */
export function link(url, label) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) {
    return typeof label === "string" ? document.createTextNode(label) : label;
  }
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

/**
 * Return the nodes of a Block Kit text object.
 * @param {{type: string, text: string} | string | null | undefined} object
 * @param {Names} names
 * @returns {Node[]}
 */
export function textObject(object, names) {
  if (!object) return [];
  if (typeof object === "string") return [document.createTextNode(plainText(object))];
  if (object.type === "mrkdwn") return mrkdwn(object.text, names);
  return [document.createTextNode(plainText(object))];
}

/** @param {{text: string} | string | null | undefined} object */
export function plainText(object) {
  const text = typeof object === "string" ? object : (object?.text ?? "");
  return withEmoji(unescape(text));
}
