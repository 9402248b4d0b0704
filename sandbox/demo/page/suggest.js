// Suggestions above a message box: the slash command, and people to mention.

import { h } from "./dom.js";

/**
 * @typedef {object} Suggestion
 * @property {string} insert  what replaces the word that is being typed
 * @property {string} title
 * @property {string} detail
 */

/** The command that the app's manifest declares. */
export const COMMAND = {
  name: "/video",
  description: "Make a video from a few words",
  usage: "a red sports car --duration 10 --mode pro",
};

/**
 * Return the word at the caret and what it could become.
 * @param {string} text @param {number} caret @param {{name: string, real_name?: string}[]} people
 * @returns {{from: number, options: Suggestion[]}}
 */
export function suggestionsFor(text, caret, people) {
  const typed = text.slice(0, caret);
  if (/^\/\S*$/.test(typed) && COMMAND.name.startsWith(typed)) {
    const { name, usage, description } = COMMAND;
    return {
      from: 0,
      options: [{ insert: `${name} `, title: `${name} ${usage}`, detail: description }],
    };
  }
  const mention = /(?:^|\s)@([\p{L}\p{N}._-]*)$/u.exec(typed);
  if (!mention) return { from: caret, options: [] };
  const wanted = mention[1].toLowerCase();
  const options = people
    .filter((person) => `${person.name} ${person.real_name}`.toLowerCase().includes(wanted))
    .map((person) => ({
      insert: `@${person.name} `,
      title: person.name,
      detail: person.real_name && person.real_name !== person.name ? person.real_name : "",
    }));
  return { from: caret - mention[1].length - 1, options };
}

/** The list itself, steered from the text box's keys. */
export class SuggestionList {
  /** @type {Suggestion[]} */
  #options = [];
  #active = 0;
  #from = 0;
  #box;
  #closed = false;

  /** @param {HTMLTextAreaElement} box @param {string} id */
  constructor(box, id) {
    this.#box = box;
    this.node = h("ul", {
      class: "suggestions",
      role: "listbox",
      id,
      "aria-label": "Suggestions",
      hidden: true,
    });
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", id);
  }

  /** @param {{name: string, real_name?: string}[]} people */
  update(people) {
    const { from, options } = suggestionsFor(this.#box.value, this.#box.selectionStart, people);
    const isSame = JSON.stringify(options) === JSON.stringify(this.#options);
    if (!isSame) this.#closed = false;
    if (!isSame) this.#active = 0;
    this.#from = from;
    this.#options = options;
    this.#draw();
  }

  close() {
    this.#closed = true;
    this.#draw();
  }

  get isOpen() {
    return this.#options.length > 0 && !this.#closed;
  }

  /** Take a key; `true` if it was for the list. @param {KeyboardEvent} event */
  takes(event) {
    if (!this.isOpen) return false;
    const count = this.#options.length;
    if (event.key === "ArrowDown") this.#active = (this.#active + 1) % count;
    else if (event.key === "ArrowUp") this.#active = (this.#active + count - 1) % count;
    else if (event.key === "Escape") this.#closed = true;
    else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey))
      this.#choose(this.#active);
    else return false;
    this.#draw();
    return true;
  }

  /** @param {number} index */
  #choose(index) {
    const box = this.#box;
    const { insert } = this.#options[index];
    box.setRangeText(insert, this.#from, box.selectionStart, "end");
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #draw() {
    this.node.hidden = !this.isOpen;
    const idOf = (/** @type {number} */ index) => `${this.node.id}-${index}`;
    this.node.replaceChildren(
      ...this.#options.map((option, index) =>
        h(
          "li",
          {
            role: "option",
            id: idOf(index),
            "aria-selected": String(index === this.#active),
            data: { testid: "suggestion" },
            on: {
              // Before the box loses the focus.
              pointerdown: (/** @type {Event} */ event) => {
                event.preventDefault();
                this.#choose(index);
              },
            },
          },
          h("span", { class: "suggestion-title" }, option.title),
          h("span", { class: "hint" }, option.detail),
        ),
      ),
    );
    if (this.isOpen) this.#box.setAttribute("aria-activedescendant", idOf(this.#active));
    else this.#box.removeAttribute("aria-activedescendant");
  }
}
