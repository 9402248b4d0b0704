// The `markdown` block: the common part of Markdown, as DOM nodes.
// https://docs.slack.dev/reference/block-kit/blocks/markdown-block

import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./mrkdwn.js";

const HEADING = /^(#{1,6})\s+(.*)$/;
const BULLET = /^\s*[-*+]\s+(.*)$/;
const NUMBER = /^\s*\d+[.)]\s+(.*)$/;
const QUOTE = /^>\s?(.*)$/;
const RULE = /^\s*(?:-{3,}|\*{3,}|_{3,})\s*$/;
const ROW = /^\s*\|(.*)\|\s*$/;
const TABLE_RULE = /^[\s|:-]+$/;

/** @param {string} text @returns {HTMLElement} */
export function markdown(text) {
  const root = h("div", { class: "markdown", dir: "auto" });
  const lines = text.split("\n");
  while (lines.length > 0) {
    const line = lines[0];
    if (line.startsWith("```")) root.append(fence(lines));
    else if (HEADING.test(line)) root.append(heading(`${lines.shift()}`));
    else if (RULE.test(line)) (lines.shift(), root.append(h("hr")));
    else if (BULLET.test(line)) root.append(list("ul", take(lines, BULLET)));
    else if (NUMBER.test(line)) root.append(list("ol", take(lines, NUMBER)));
    else if (QUOTE.test(line))
      root.append(h("blockquote", {}, inline(take(lines, QUOTE).join("\n"))));
    else if (ROW.test(line)) root.append(table(take(lines, ROW)));
    else if (line.trim() === "") lines.shift();
    else root.append(paragraph(lines));
  }
  return root;
}

/** Take the lines at the front that match, without their mark. @param {string[]} lines @param {RegExp} mark */
function take(lines, mark) {
  const taken = [];
  for (let match; lines.length > 0 && (match = mark.exec(lines[0])); lines.shift()) {
    taken.push(match[1]);
  }
  return taken;
}

/** @param {string[]} lines */
function fence(lines) {
  lines.shift();
  const code = [];
  while (lines.length > 0 && !lines[0].startsWith("```")) code.push(lines.shift());
  lines.shift();
  return h("pre", {}, code.join("\n"));
}

/** @param {string} line */
function heading(line) {
  const [, marks, words] = /** @type {RegExpExecArray} */ (HEADING.exec(line));
  return h(`h${Math.min(marks.length + 2, 6)}`, {}, inline(words));
}

/** @param {string} tag @param {string[]} items */
function list(tag, items) {
  return h(
    tag,
    {},
    items.map((item) => h("li", {}, inline(item))),
  );
}

/** @param {string[]} rows */
function table(rows) {
  const cells = (/** @type {string} */ row, /** @type {string} */ tag) =>
    h(
      "tr",
      {},
      row.split("|").map((cell) => h(tag, {}, inline(cell.trim()))),
    );
  const [head, ...rest] = rows;
  const body = rest.filter((row) => !TABLE_RULE.test(row));
  return h(
    "div",
    { class: "table-place" },
    h(
      "table",
      {},
      h("thead", {}, cells(head, "th")),
      h(
        "tbody",
        {},
        body.map((row) => cells(row, "td")),
      ),
    ),
  );
}

/** @param {string[]} lines */
function paragraph(lines) {
  const words = [lines.shift()];
  const ends = [HEADING, BULLET, NUMBER, QUOTE, RULE, ROW, /^```/, /^\s*$/];
  while (lines.length > 0 && !ends.some((end) => end.test(lines[0]))) words.push(lines.shift());
  return h("p", {}, inline(words.join("\n")));
}

const INLINE =
  /`([^`\n]+)`|!?\[([^\]\n]*)\]\(([^)\s]+)\)|\*\*([^*\n]+)\*\*|~~([^~\n]+)~~|\*([^*\s][^*\n]*)\*|(?<!\w)_([^_\s][^_\n]*)_(?!\w)|(https?:\/\/[^\s<>)]+)/g;

/** @param {string} text @returns {Node[]} */
function inline(text) {
  /** @type {Node[]} */
  const nodes = [];
  let from = 0;
  const plain = (/** @type {number} */ to) => {
    if (to > from) nodes.push(document.createTextNode(withEmoji(text.slice(from, to))));
  };
  for (const match of text.matchAll(INLINE)) {
    plain(match.index);
    from = match.index + match[0].length;
    const [, code, label, url, bold, strike, starred, scored, bare] = match;
    if (code !== undefined) nodes.push(h("code", {}, code));
    else if (url !== undefined) nodes.push(link(url, label || url));
    else if (bold !== undefined) nodes.push(h("strong", {}, inline(bold)));
    else if (strike !== undefined) nodes.push(h("s", {}, inline(strike)));
    else if (bare !== undefined) nodes.push(link(bare, bare));
    else nodes.push(h("em", {}, inline(starred ?? scored)));
  }
  plain(text.length);
  return nodes;
}
