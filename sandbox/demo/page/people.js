// How a person or the app is shown: the name, and the square beside it.

import { h } from "./dom.js";

/** @typedef {{id: string, name: string, real_name?: string, is_bot?: boolean}} Person */

/** The squares' colours are classes in `messages.css`. */
const HUES = 8;

/** @param {Person} person */
export function nameOf(person) {
  return person.real_name || person.name;
}

/** Return the square with a person's initials, or the play sign of the app. @param {Person} person */
export function avatar(person) {
  if (person.is_bot) return h("span", { class: "avatar avatar-bot", "aria-hidden": "true" }, "▶");
  const words = nameOf(person).trim().split(/\s+/).slice(0, 2);
  const initials = words.map((word) => Array.from(word)[0] ?? "").join("");
  const sum = Array.from(person.id).reduce((total, letter) => total + letter.charCodeAt(0), 0);
  const look = `avatar avatar-${sum % HUES}`;
  return h("span", { class: look, "aria-hidden": "true" }, initials.toUpperCase());
}

/**
 * What the IDs in a text stand for, and whose eyes read it.
 * @param {any} state @returns {import("./mrkdwn.js").Names}
 */
export function namesIn(state) {
  const people = new Map([...state.users, state.bot].map((one) => [one.id, nameOf(one)]));
  const channels = new Map(state.channels.map((/** @type {any} */ one) => [one.id, one.name]));
  const entries = (/** @type {Map<string, string>} */ map) =>
    Array.from(map, ([id, name]) => ({ id, name }));
  return {
    me: state.me.id,
    here: state.channel.id,
    user: (id) => people.get(id) ?? id,
    channel: (id) => channels.get(id) ?? id,
    users: () => entries(people).filter(({ id }) => id !== state.bot.id),
    channels: () => entries(channels),
  };
}

/** The app's own conversation has a Home tab beside its messages. @param {any} channel */
export function isApp(channel) {
  return channel.kind === "direct" && channel.bot_is_member;
}

/** @param {any} channel @param {any} bot */
export function channelName(channel, bot) {
  return isApp(channel) ? nameOf(bot) : channel.name;
}
