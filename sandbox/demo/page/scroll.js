// Keep the newest message in sight while a person reads the end of a list, and only then.

import { h } from "./dom.js";

/** This near to the end counts as the end, in pixels. */
const NEAR = 60;

/** A scrolling box with a list inside. */
export class Scroller {
  #box;
  #pill;
  #atEnd = true;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#box = box;
    this.list = h("div", { class: "message-list" });
    this.#pill = h(
      "button",
      {
        type: "button",
        class: "pill",
        hidden: true,
        data: { testid: "newest" },
        on: { click: () => this.toEnd() },
      },
      "New messages ↓",
    );
    box.append(this.list, this.#pill);
    box.addEventListener("scroll", () => this.#scrolled());
    // Videos and pictures grow when they load, and the box shrinks when a keyboard opens.
    const resized = new ResizeObserver(() => this.#atEnd && this.toEnd());
    resized.observe(this.list);
    resized.observe(box);
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#atEnd) this.#pill.hidden = true;
  }

  toEnd() {
    this.#atEnd = true;
    this.#pill.hidden = true;
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  /** Say that something new stands at the end. */
  announce() {
    if (this.#atEnd) this.toEnd();
    else this.#pill.hidden = false;
  }
}
