// The pane on the right: one message, its replies, and a box to answer.

import { Composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { keyOf, renderMessages, spoken } from "./messages.js";
import { say } from "./notices.js";
import { channelName, nameOf } from "./people.js";
import { Scroller } from "./scroll.js";

export class ThreadPane {
  #root;
  #place = h("p", { class: "thread-place", dir: "auto" });
  #status = h("p", {
    class: "thread-status",
    "aria-live": "polite",
    hidden: true,
    data: { testid: "thread-status" },
  });
  #scroller;
  #composer;
  /** @type {string | null} */
  #shown = null;
  /** @type {Set<string>} */
  #known = new Set();

  /**
   * @param {HTMLElement} root
   * @param {import("./composer.js").Acts & {close: () => void}} acts
   */
  constructor(root, acts) {
    this.#root = root;
    const box = h("div", {
      class: "messages",
      role: "region",
      tabindex: "0",
      "aria-label": "Replies",
      data: { testid: "thread-messages" },
    });
    const foot = h("div", { class: "composer-place", data: { testid: "thread-composer" } });
    root.append(
      h(
        "header",
        { class: "channel-header" },
        h(
          "div",
          { class: "header-line" },
          h("h2", { id: "thread-title" }, "Thread"),
          this.#place,
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": "Close the thread",
              data: { testid: "thread-close" },
              on: { click: acts.close },
            },
            icon("close"),
          ),
        ),
      ),
      box,
      this.#status,
      foot,
    );
    this.#scroller = new Scroller(box);
    this.#composer = new Composer(foot, "thread", acts);
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) acts.close();
    });
  }

  /**
   * @param {string | null} ts @param {import("./messages.js").Place} place
   * @param {import("./composer.js").Writing} writing
   */
  show(ts, place, writing) {
    this.#root.hidden = ts === null;
    const isNew = ts !== null && ts !== this.#shown;
    this.#shown = ts;
    if (ts === null) return;
    const { channel, thread, bot } = place.state;
    this.#place.textContent = `${channel.kind === "direct" ? "" : "#"}${channelName(channel, bot)}`;
    const messages = thread?.ts === ts ? thread.messages : [];
    renderMessages(this.#scroller.list, messages, place);
    const status = thread?.ts === ts ? thread.status : "";
    this.#status.hidden = status === "";
    this.#status.textContent = status && `${nameOf(bot)} ${status}`;
    this.#composer.show(writing);
    const keys = new Set(messages.map(keyOf));
    const fresh = messages.filter((/** @type {any} */ one) => !this.#known.has(keyOf(one)));
    if (isNew || this.#known.size === 0) this.#scroller.toEnd();
    else if (fresh.length > 0) this.#tell(fresh, place);
    this.#known = isNew && messages.length === 0 ? new Set() : keys;
    // On a phone the keyboard would cover what the person came to read.
    const hasMouse = window.matchMedia("(hover: hover)").matches;
    if (isNew && hasMouse) this.#composer.box.focus({ preventScroll: true });
  }

  /** @param {any[]} fresh @param {import("./messages.js").Place} place */
  #tell(fresh, place) {
    this.#scroller.announce();
    const other = fresh.filter((one) => one.user !== place.state.me.id);
    if (other.length > 0) say(`New reply: ${spoken(other[other.length - 1], place.names)}`);
  }
}
