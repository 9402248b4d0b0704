// The box in which a person writes: Enter sends, Shift and Enter begin a new line.

import { h, icon } from "./dom.js";
import { COMMAND, SuggestionList } from "./suggest.js";
import { Uploads } from "./uploads.js";

/**
 * @typedef {object} Writing  Where the box stands at the moment.
 * @property {string} key  drafts are kept by it
 * @property {string} placeholder
 * @property {string | null} closed  why nothing can be written here
 * @property {any[]} people  whom one can mention
 * @property {{callback_id: string, name: string}[]} shortcuts
 *
 * @typedef {object} Acts
 * @property {(text: string, fileIds: string[]) => Promise<boolean>} send  whether it was taken
 * @property {(file: File) => Promise<string>} upload
 * @property {(callbackId: string) => void} shortcut
 */

const COMMAND_SHAPE = new RegExp(`^${COMMAND.name}(?:\\s|$)`);

export class Composer {
  /** @type {Map<string, string>} */
  #drafts = new Map();
  /** @type {Writing | null} */
  #writing = null;
  #acts;
  #list;
  #uploads;
  #send;
  #form;
  #hint;
  #closed;
  #shortcuts = h("span", { class: "composer-shortcuts" });

  /** @param {HTMLElement} root @param {string} id @param {Acts} acts */
  constructor(root, id, acts) {
    this.#acts = acts;
    this.box = h("textarea", {
      id: `${id}-input`,
      rows: 1,
      dir: "auto",
      autocomplete: "off",
      data: { testid: `${id}-input` },
      on: {
        input: () => this.#typed(),
        keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
        blur: () => this.#list.close(),
        paste: (/** @type {ClipboardEvent} */ event) =>
          this.#take(event, event.clipboardData?.files),
      },
    });
    this.#list = new SuggestionList(this.box, `${id}-suggestions`);
    this.#uploads = new Uploads(acts.upload, () => this.#ready());
    this.#send = h(
      "button",
      { type: "submit", class: "send", "aria-label": "Send", data: { testid: `${id}-send` } },
      icon("send"),
    );
    const picker = h("input", {
      type: "file",
      multiple: true,
      hidden: true,
      data: { testid: `${id}-file` },
    });
    picker.addEventListener("change", async () => {
      await this.#uploads.add(picker.files);
      picker.value = "";
    });
    const attach = h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Attach a file",
        title: "Attach a file",
        on: { click: () => picker.click() },
      },
      icon("attach"),
    );
    this.#form = h(
      "form",
      {
        class: "composer",
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            void this.#submit();
          },
          dragover: (/** @type {Event} */ event) => event.preventDefault(),
          drop: (/** @type {DragEvent} */ event) => this.#take(event, event.dataTransfer?.files),
        },
      },
      this.#list.node,
      this.box,
      this.#uploads.node,
      h("div", { class: "composer-tools" }, attach, picker, this.#shortcuts, this.#send),
    );
    this.#hint = h("p", { class: "composer-hint", "aria-hidden": "true" });
    this.#closed = h("p", { class: "composer-closed", hidden: true });
    root.append(this.#form, this.#hint, this.#closed);
  }

  /** @param {Writing} writing */
  show(writing) {
    if (this.#writing?.key !== writing.key) {
      if (this.#writing) this.#drafts.set(this.#writing.key, this.box.value);
      this.box.value = this.#drafts.get(writing.key) ?? "";
      this.#uploads.clear();
    }
    this.#writing = writing;
    this.box.placeholder = writing.placeholder;
    this.box.setAttribute("aria-label", writing.placeholder);
    this.#form.hidden = writing.closed !== null;
    this.#hint.hidden = writing.closed !== null;
    this.#closed.hidden = writing.closed === null;
    this.#closed.textContent = writing.closed;
    this.#drawShortcuts(writing.shortcuts);
    this.#typed();
  }

  /** Put a text into the box, ready to be changed or sent. @param {string} text */
  write(text) {
    this.box.value = text;
    this.box.focus();
    this.#typed();
  }

  /** @param {Writing["shortcuts"]} shortcuts */
  #drawShortcuts(shortcuts) {
    const signature = JSON.stringify(shortcuts);
    if (this.#shortcuts.dataset.signature === signature) return;
    this.#shortcuts.dataset.signature = signature;
    this.#shortcuts.replaceChildren(
      ...shortcuts.map(({ callback_id: callbackId, name }) =>
        h(
          "button",
          {
            type: "button",
            class: "shortcut",
            title: name,
            data: { testid: `shortcut-${callbackId}` },
            on: { click: () => this.#acts.shortcut(callbackId) },
          },
          icon("bolt"),
          h("span", {}, name),
        ),
      ),
    );
  }

  #typed() {
    if (document.activeElement === this.box) this.#list.update(this.#writing?.people ?? []);
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight}px`;
    const isCommand = COMMAND_SHAPE.test(this.box.value);
    const usage = `${COMMAND.name} ${COMMAND.usage}`;
    this.#hint.textContent = isCommand ? usage : "Enter to send · Shift + Enter for a new line";
    this.#ready();
  }

  #ready() {
    const hasText = this.box.value.trim() !== "";
    this.#send.disabled = this.#uploads.busy || (!hasText && this.#uploads.fileIds.length === 0);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (this.#list.takes(event)) {
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void this.#submit();
    }
  }

  /** @param {Event} event @param {FileList | undefined} files */
  #take(event, files) {
    if (!files?.length) return;
    event.preventDefault();
    void this.#uploads.add(files);
  }

  async #submit() {
    if (this.#send.disabled || !this.#writing) return;
    const { key } = this.#writing;
    const text = this.box.value.trim();
    this.box.value = "";
    const fileIds = this.#uploads.fileIds;
    const isCommand = text.startsWith("/");
    if (!isCommand) this.#uploads.clear();
    this.#typed();
    const isTaken = await this.#acts.send(text, isCommand ? [] : fileIds);
    if (isTaken) return;
    // Nobody types a long prompt twice: it comes back unless something new stands there.
    if (this.#writing.key !== key) this.#drafts.set(key, text);
    else if (this.box.value === "") this.box.value = text;
    this.#typed();
  }
}
