// A list of messages: of a channel, or of a thread.

import { blockItems } from "./blocks.js";
import { clock, dayName, fullTime, momentOf } from "./dates.js";
import { h, icon, reconcile } from "./dom.js";
import { renderFile } from "./files.js";
import { mrkdwn } from "./mrkdwn.js";
import { collapsible } from "./parts.js";
import { avatar, nameOf } from "./people.js";
import { toolbar } from "./toolbar.js";

/**
 * @typedef {object} Place  Where messages are listed, and what can be done there.
 * @property {string} id  unique on the page
 * @property {any} state  what the server told
 * @property {import("./mrkdwn.js").Names} names
 * @property {Set<string>} expanded
 * @property {Map<string, string>} pressed  of feedback buttons, by this person
 * @property {(action: Record<string, unknown>) => Promise<boolean>} act
 * @property {(file: File) => Promise<string>} upload
 * @property {import("./dom.js").Item | null} beginning  what stands above the first message
 * @property {((ts: string) => void) | null} openThread  `null` within a thread
 */

/** Messages of one person within this time share a heading, in seconds. */
const TOGETHER = 300;

/** @param {HTMLElement} container @param {any[]} messages @param {Place} place */
export function renderMessages(container, messages, place) {
  /** @type {import("./dom.js").Item[]} */
  const items = place.beginning ? [place.beginning] : [];
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    const day = dayName(momentOf(message.ts));
    const newDay = !before || dayName(momentOf(before.ts)) !== day;
    if (newDay && place.openThread) items.push(divider(day));
    items.push(messageItem(message, !newDay && follows(before, message), place));
    if (index === 0 && !place.openThread) items.push(replyDivider(messages.length - 1));
  });
  reconcile(container, items);
}

/** @param {any} before @param {any} message */
function follows(before, message) {
  return (
    before.user === message.user &&
    before.ephemeral_for === message.ephemeral_for &&
    before.reply_count === 0 &&
    Number(message.ts) - Number(before.ts) < TOGETHER
  );
}

/** @param {string} words */
function divider(words) {
  const create = () => h("div", { class: "day", role: "separator" }, h("span", {}, words));
  return { key: `day:${words}`, signature: words, create };
}

/** @param {number} count */
function replyDivider(count) {
  const words = count === 0 ? "No replies yet" : replies(count);
  const create = () =>
    h("div", { class: "day replies-divider", role: "separator" }, h("span", {}, words));
  return { key: "replies", signature: words, create };
}

/** @param {number} count */
function replies(count) {
  return count === 1 ? "1 reply" : `${count} replies`;
}

/** @param {any} message */
export function keyOf(message) {
  return `${message.ts}:${message.ephemeral_for ?? ""}`;
}

/** Return what a screen reader says of a message. @param {any} message @param {import("./mrkdwn.js").Names} names */
export function spoken(message, names) {
  return h("p", {}, mrkdwn(message.text, names)).textContent || "a file";
}

/** @param {any} message @param {boolean} isCompact @param {Place} place */
function messageItem(message, isCompact, place) {
  const author = authorOf(message, place);
  const moment = momentOf(message.ts);
  const time = (/** @type {string} */ className) =>
    h(
      "time",
      { class: className, datetime: moment.toISOString(), title: fullTime(moment) },
      clock(moment),
    );
  const create = () =>
    h(
      "article",
      {
        class: `message ${isCompact ? "compact" : ""} ${message.ephemeral_for ? "ephemeral" : ""}`,
        "aria-label": `${nameOf(author)}, ${clock(moment)}`,
        data: { testid: "message", ts: message.ts, user: message.user, bot: message.bot },
      },
      isCompact ? time("gutter-time") : avatar(author),
      h(
        "div",
        { class: "message-main" },
        message.ephemeral_for && h("p", { class: "only-you" }, icon("eye"), "Only visible to you"),
        !isCompact &&
          h(
            "header",
            { class: "message-head" },
            h("strong", { dir: "auto" }, nameOf(author)),
            author.is_bot && h("span", { class: "tag" }, "App"),
            time("message-time"),
          ),
        h("div", { class: "message-parts" }),
      ),
      toolbar(message, place),
    );
  return {
    key: keyOf(message),
    signature: JSON.stringify([
      author,
      isCompact,
      message.ephemeral_for,
      place.state.shortcuts,
      place.state.me.id,
    ]),
    create,
    update: (/** @type {HTMLElement} */ node) => {
      const parts = /** @type {HTMLElement} */ (node.querySelector(".message-parts"));
      reconcile(parts, partsOf(message, place));
    },
  };
}

/** @param {any} message @param {Place} place */
function authorOf(message, place) {
  const { users, bot } = place.state;
  const known = [...users, bot].find((person) => person.id === message.user);
  return known ?? { id: message.user, name: message.user, is_bot: message.bot };
}

/** @param {any} message @param {Place} place @returns {import("./dom.js").Item[]} */
function partsOf(message, place) {
  const scope = scopeOf(message, place);
  const body = message.blocks?.length
    ? blockItems(message.blocks, scope)
    : textItems(message, scope);
  const edited = {
    key: "edited",
    signature: "",
    create: () => h("span", { class: "edited", data: { testid: "edited" } }, "(edited)"),
  };
  const files = (message.files ?? []).map((/** @type {any} */ file) => ({
    key: `file:${file.id}`,
    signature: JSON.stringify(file),
    create: () => renderFile(file),
  }));
  const showsReplies = place.openThread && message.reply_count > 0;
  return [
    ...body,
    ...(message.edited ? [edited] : []),
    ...files,
    ...(showsReplies ? [replyBar(message, place)] : []),
  ];
}

/** @param {any} message @param {import("./parts.js").Scope} scope */
function textItems(message, scope) {
  if (!message.text) return [];
  const create = () => {
    const node = h("div", { class: "text", dir: "auto" }, mrkdwn(message.text, scope.names));
    return collapsible(node, message.text, `${scope.key}/text`, scope);
  };
  return [{ key: "text", signature: message.text, create }];
}

/** @param {any} message @param {Place} place @returns {import("./parts.js").Scope} */
function scopeOf(message, place) {
  return {
    names: place.names,
    key: `${place.id}/${keyOf(message)}`,
    expanded: place.expanded,
    pressed: place.pressed,
    fields: null,
    upload: place.upload,
    act: async (blockId, element, value) => {
      await place.act({
        type: "click",
        channel: place.state.channel.id,
        ts: message.ts,
        block_id: blockId,
        action_id: element.action_id,
        value,
      });
    },
  };
}

/** @param {any} message @param {Place} place */
function replyBar(message, place) {
  const create = () =>
    h(
      "button",
      {
        type: "button",
        class: "reply-bar",
        data: { testid: "thread-open", focus: `${place.id}/${message.ts}/thread` },
        on: { click: () => place.openThread?.(message.ts) },
      },
      icon("thread"),
      h("span", { class: "reply-count" }, replies(message.reply_count)),
      h("span", { class: "hint" }, "View thread"),
    );
  return { key: "replies", signature: String(message.reply_count), create };
}
