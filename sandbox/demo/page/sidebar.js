// The left side: the workspace, its channels, the app, and who one is.

import { h, icon } from "./dom.js";
import { avatar, channelName, isApp, nameOf } from "./people.js";

export const WORKSPACE = "Demo Studio";

/** @param {any} channel @returns {SVGElement | HTMLElement} */
export function channelSign(channel) {
  if (channel.kind === "direct") return icon("person");
  return icon(channel.kind === "private" ? "lock" : "hash");
}

/**
 * @param {HTMLElement} root @param {any} state
 * @param {{open: (channelId: string) => void, become: (userId: string) => void,
 *          kill: (name: string) => void}} acts
 */
export function renderSidebar(root, state, acts) {
  const { channels, channel: open, users, me, bot, processes = [] } = state;
  const signature = JSON.stringify([channels, open.id, users, me, processes]);
  if (root.dataset.signature === signature) return;
  const focused =
    document.activeElement instanceof HTMLElement ? document.activeElement.dataset.focus : null;
  root.dataset.signature = signature;

  const entry = (/** @type {any} */ channel) =>
    h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "nav-item",
          "aria-current": channel.id === open.id ? "page" : null,
          data: { testid: `channel-${channel.id}`, name: channel.name, focus: `nav/${channel.id}` },
          on: { click: () => acts.open(channel.id) },
        },
        isApp(channel) ? avatar(bot) : channelSign(channel),
        h("span", { class: "nav-name", dir: "auto" }, channelName(channel, bot)),
        channel.kind === "private" && h("span", { class: "unseen" }, "(private)"),
        channel.archived && h("span", { class: "nav-note" }, "archived"),
      ),
    );
  const group = (/** @type {string} */ title, /** @type {any[]} */ members) =>
    members.length > 0 && h("section", {}, h("h2", {}, title), h("ul", {}, members.map(entry)));

  const parts = [
    h(
      "header",
      { class: "workspace" },
      h("span", { class: "workspace-sign", "aria-hidden": "true" }, "▶"),
      WORKSPACE,
    ),
    h(
      "div",
      { class: "nav-lists" },
      group(
        "Channels",
        channels.filter((/** @type {any} */ one) => one.kind !== "direct"),
      ),
      group(
        "Direct messages",
        channels.filter((/** @type {any} */ one) => one.kind === "direct" && !isApp(one)),
      ),
      group("Apps", channels.filter(isApp)),
    ),
    processes.length > 0 &&
      h(
        "section",
        { class: "processes", data: { testid: "processes" } },
        h("h2", {}, "The bot's processes"),
        h(
          "ul",
          {},
          processes.map((/** @type {any} */ one) => process(one, acts.kill)),
        ),
      ),
    h(
      "section",
      { class: "people" },
      h("h2", { id: "people-title" }, "You are"),
      h(
        "div",
        { class: "people-list", role: "group", "aria-labelledby": "people-title" },
        users.map((/** @type {any} */ user) => person(user, me, acts.become)),
      ),
    ),
    h(
      "p",
      { class: "disclaimer" },
      "A simulated workspace on this machine. Nothing leaves it and nothing is charged.",
    ),
  ];
  root.replaceChildren(...parts.filter(Boolean));
  if (focused?.startsWith("nav/")) {
    const again = root.querySelector(`[data-focus="${CSS.escape(focused)}"]`);
    if (again instanceof HTMLElement) again.focus();
  }
}

/** @param {any} user @param {any} me @param {(userId: string) => void} become */
function person(user, me, become) {
  return h(
    "button",
    {
      type: "button",
      class: "person",
      "aria-pressed": String(user.id === me.id),
      data: { testid: `user-${user.id}`, focus: `nav/user/${user.id}` },
      on: { click: () => become(user.id) },
    },
    avatar(user),
    h("span", { class: "nav-name", dir: "auto" }, nameOf(user)),
    user.is_admin && h("span", { class: "nav-note" }, "admin"),
    user.is_external && h("span", { class: "nav-note" }, "partner"),
  );
}

/** @param {{name: string, pid: number | null}} one @param {(name: string) => void} kill */
function process({ name, pid }, kill) {
  return h(
    "li",
    { class: "process", data: { testid: `process-${name}`, running: String(pid !== null) } },
    h("span", { class: "process-light", "aria-hidden": "true" }),
    h("span", { class: "nav-name" }, name),
    pid === null
      ? h("span", { class: "nav-note" }, "killed; comes back")
      : h(
          "button",
          {
            type: "button",
            class: "process-kill",
            "aria-label": `Kill ${name}`,
            data: { testid: `kill-${name}`, focus: `nav/process/${name}` },
            on: { click: () => kill(name) },
          },
          "Kill",
        ),
  );
}
