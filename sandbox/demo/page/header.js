// The line above the messages: which channel this is, whether the app is in it, and its tabs.

import { h, icon, reconcile } from "./dom.js";
import { channelName, isApp, nameOf } from "./people.js";
import { channelSign } from "./sidebar.js";

/**
 * @param {HTMLElement} root @param {any} state @param {import("./session.js").Session} session
 * @param {{menu: () => void, tab: (tab: "messages" | "home") => void, invite: () => void}} acts
 */
export function renderHeader(root, state, session, acts) {
  const { channel, bot } = state;
  reconcile(root, [
    {
      key: "header",
      signature: JSON.stringify([channel, bot, session.tab]),
      create: () =>
        h(
          "div",
          { class: "header-line" },
          h(
            "button",
            {
              type: "button",
              class: "icon-button menu-button",
              "aria-label": "Open the menu",
              data: { testid: "menu-button", focus: "header/menu" },
              on: { click: acts.menu },
            },
            icon("menu"),
          ),
          h(
            "h1",
            { id: "channel-title", data: { testid: "channel-title" }, dir: "auto" },
            channelSign(channel),
            channelName(channel, bot),
          ),
          isApp(channel) ? tabs(session.tab, acts.tab) : membership(channel, bot, acts.invite),
        ),
    },
  ]);
}

/** @param {any} channel @param {any} bot @param {() => void} invite */
function membership(channel, bot, invite) {
  if (!channel.bot_is_member && !channel.archived && channel.kind !== "direct") {
    return h(
      "button",
      {
        type: "button",
        class: "chip",
        data: { testid: "channel-bot", focus: "header/invite" },
        on: { click: invite },
      },
      `${nameOf(bot)} is not here · Invite`,
    );
  }
  const words = channel.bot_is_member ? `${nameOf(bot)} is here` : `${nameOf(bot)} is not here`;
  return h(
    "span",
    { class: `chip ${channel.bot_is_member ? "chip-on" : ""}`, data: { testid: "channel-bot" } },
    words,
  );
}

/** @param {string} active @param {(tab: "messages" | "home") => void} choose */
function tabs(active, choose) {
  const tab = (/** @type {"messages" | "home"} */ name, /** @type {string} */ label) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        class: "tab",
        "aria-selected": String(active === name),
        "aria-controls": name,
        data: { testid: `tab-${name}`, focus: `header/${name}` },
        on: { click: () => choose(name) },
      },
      label,
    );
  return h(
    "div",
    { class: "tabs", role: "tablist", "aria-label": "The app" },
    tab("home", "Home"),
    tab("messages", "Messages"),
  );
}
