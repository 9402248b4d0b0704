// The beginning of a channel: what it is, and an example to try with one press.

import { h } from "./dom.js";
import { channelName, isApp, nameOf } from "./people.js";
import { COMMAND } from "./suggest.js";

/**
 * @param {any} state @param {(text: string) => void} write puts a text into the message box
 * @returns {import("./dom.js").Item}
 */
export function welcome(state, write) {
  const { channel, bot } = state;
  const example = `${COMMAND.name} ${COMMAND.usage}`;
  const title = isApp(channel) ? channelName(channel, bot) : `#${channelName(channel, bot)}`;
  const create = () =>
    h(
      "div",
      { class: "welcome" },
      h("h2", { dir: "auto" }, title),
      h("p", {}, about(channel, nameOf(bot))),
      !channel.archived &&
        h(
          "button",
          {
            type: "button",
            class: "button",
            data: { testid: "try-example", focus: "welcome/example" },
            on: { click: () => write(example) },
          },
          h("span", {}, "Try"),
          h("code", {}, example),
        ),
    );
  return { key: "welcome", signature: JSON.stringify([channel, bot]), create };
}

/** @param {any} channel @param {string} app */
function about(channel, app) {
  if (channel.archived) return "This channel is archived.";
  if (isApp(channel)) return `Write to ${app} here as you would to a person.`;
  if (channel.kind === "direct") return "This conversation is between the two of you.";
  if (channel.bot_is_member) return `${app} is a member of this channel.`;
  return channel.kind === "private"
    ? `${app} is not a member of this private channel, so it cannot post here.`
    : `${app} is not a member of this channel yet.`;
}
