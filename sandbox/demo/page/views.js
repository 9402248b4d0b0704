// A view of the app: the modal, and the Home tab. https://docs.slack.dev/surfaces

import { blockItems } from "./blocks.js";
import { h, icon, reconcile } from "./dom.js";
import { plainText } from "./mrkdwn.js";
import { Registry } from "./registry.js";

/**
 * @typedef {object} Acts
 * @property {(action: Record<string, unknown>) => Promise<boolean>} act
 * @property {(file: File) => Promise<string>} upload
 */

/** The blocks of one view, and the fields in them. */
class ViewBody {
  fields = new Registry();
  /** @type {any} */
  view = null;
  #root;
  #acts;
  #expanded = new Set();

  /** @param {HTMLElement} root @param {Acts} acts */
  constructor(root, acts) {
    this.#root = root;
    this.#acts = acts;
  }

  /** @param {any} view @param {import("./mrkdwn.js").Names} names */
  update(view, names) {
    if (this.view?.id !== view.id) {
      this.fields = new Registry();
      this.#root.replaceChildren();
    }
    this.view = view;
    this.fields.carry();
    reconcile(
      this.#root,
      blockItems(view.blocks, {
        names,
        key: view.id,
        expanded: this.#expanded,
        pressed: null,
        fields: this.fields,
        upload: this.#acts.upload,
        act: async (blockId, element, value) => {
          await this.#acts.act({
            type: "view_action",
            view_id: view.id,
            block_id: blockId,
            action_id: element.action_id,
            value,
            values: this.fields.values(),
          });
        },
      }),
    );
  }
}

/** The Home tab. */
export class Home {
  #body;
  #root;
  #blocks = h("div", { class: "view-blocks" });

  /** @param {HTMLElement} root @param {Acts} acts */
  constructor(root, acts) {
    this.#root = root;
    this.#body = new ViewBody(this.#blocks, acts);
  }

  /** @param {any} view @param {import("./mrkdwn.js").Names} names */
  show(view, names) {
    if (!view) {
      this.#root.replaceChildren(
        h("p", { class: "empty" }, "The app has not drawn its Home tab yet."),
      );
      return;
    }
    if (!this.#blocks.isConnected) this.#root.replaceChildren(this.#blocks);
    this.#body.update(view, names);
  }
}

/** The modal: opens and closes as the server says. */
export class Modal {
  /** @type {HTMLDialogElement | null} */
  #dialog = null;
  /** @type {ViewBody | null} */
  #body = null;
  /**
   * The modals under the one that shows: their fields keep what was entered.
   * @type {{dialog: HTMLDialogElement, body: ViewBody}[]}
   */
  #below = [];
  #acts;
  /** What the server told last, so that an error which a person mends does not come back. */
  #told = "{}";

  /** @param {Acts} acts */
  constructor(acts) {
    this.#acts = acts;
  }

  /** @param {any} view @param {import("./mrkdwn.js").Names} names */
  show(view, names) {
    if (!view) {
      this.#close();
      return;
    }
    if (this.#body?.view.id !== view.id) this.#replace(view);
    const dialog = /** @type {HTMLDialogElement} */ (this.#dialog);
    const body = /** @type {ViewBody} */ (this.#body);
    body.update(view, names);
    set(dialog, ".modal-title", plainText(view.title));
    set(dialog, ".modal-close-button", view.close || "Cancel");
    set(dialog, ".modal-submit", view.submit || "");
    /** @type {HTMLElement} */ (dialog.querySelector(".modal-submit")).hidden = !view.submit;
    if (!dialog.open) {
      dialog.showModal();
      focusFirst(dialog);
    }
    const errors = JSON.stringify(view.errors ?? {});
    if (errors !== this.#told) {
      this.#tell(view.errors ?? {});
      // They are the answer to a submit, and may come before the response to its request.
      dialog.querySelector(".modal-submit")?.removeAttribute("aria-busy");
    }
    this.#told = errors;
  }

  #close() {
    this.#hide();
    this.#below = [];
  }

  #hide() {
    this.#dialog?.close();
    this.#dialog?.remove();
    this.#dialog = null;
    this.#body = null;
    this.#told = "{}";
  }

  /** Put a modal on top of the one that shows, or go back to one under it. @param {any} view */
  #replace(view) {
    const under = this.#below.findIndex((each) => each.body.view.id === view.id);
    if (under >= 0) {
      const { dialog, body } = this.#below[under];
      this.#hide();
      this.#below.length = under;
      this.#dialog = dialog;
      this.#body = body;
      document.body.append(dialog);
    } else if (this.#dialog && this.#body?.view.id === view.previous_id) {
      this.#below.push({ dialog: this.#dialog, body: this.#body });
      this.#hide();
      this.#open(view);
    } else {
      this.#close();
      this.#open(view);
    }
  }

  /** @param {any} view */
  #open(view) {
    const leave = () => void this.#acts.act({ type: "close_view", view_id: view.id });
    const blocks = h("div", { class: "view-blocks dialog-body" });
    this.#body = new ViewBody(blocks, this.#acts);
    this.#dialog = h(
      "dialog",
      {
        class: "dialog modal",
        "aria-labelledby": "modal-title",
        data: { testid: "modal" },
        on: {
          cancel: (/** @type {Event} */ event) => {
            // A file chooser inside of the form sends `cancel` too.
            if (event.target !== this.#dialog) return;
            event.preventDefault();
            leave();
          },
        },
      },
      h(
        "form",
        {
          novalidate: true,
          on: {
            submit: (/** @type {Event} */ event) => {
              event.preventDefault();
              void this.#submit();
            },
          },
        },
        h(
          "header",
          {},
          h("h2", { id: "modal-title", class: "modal-title", dir: "auto" }),
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": "Close",
              data: { testid: "modal-x" },
              on: { click: leave },
            },
            icon("close"),
          ),
        ),
        blocks,
        h("div", { class: "modal-notice modal-problems" }),
        h("div", { class: "modal-notice modal-errors" }),
        h(
          "footer",
          {},
          h("button", {
            type: "button",
            class: "button modal-close-button",
            data: { testid: "modal-close" },
            on: { click: leave },
          }),
          h("button", {
            type: "submit",
            class: "button primary modal-submit",
            data: { testid: "modal-submit" },
          }),
        ),
      ),
    );
    document.body.append(/** @type {Node} */ (this.#dialog));
  }

  async #submit() {
    const body = this.#body;
    const button = this.#dialog?.querySelector(".modal-submit");
    if (!body || !button || button.getAttribute("aria-busy") === "true") return;
    const problems = body.fields.problems();
    this.#tell(problems);
    if (Object.keys(problems).length > 0) return;
    this.#told = "{}";
    button.setAttribute("aria-busy", "true");
    await this.#acts.act({
      type: "submit_view",
      view_id: body.view.id,
      values: body.fields.values(),
    });
    button.removeAttribute("aria-busy");
  }

  /** @param {Record<string, string>} problems */
  #tell(problems) {
    const homeless = this.#body?.fields.tell(problems) ?? [];
    const notice = this.#dialog?.querySelector(".modal-problems");
    notice?.replaceChildren(
      ...homeless.map((words) => h("p", { class: "notice notice-error", role: "alert" }, words)),
    );
  }
}

/** @param {HTMLElement} root @param {string} selector @param {string} words */
function set(root, selector, words) {
  const node = /** @type {HTMLElement} */ (root.querySelector(selector));
  if (node.textContent !== words) node.textContent = words;
}

/** Focus what the view asks for, or its first field. @param {HTMLElement} dialog */
function focusFirst(dialog) {
  const wanted =
    dialog.querySelector(".dialog-body [autofocus]") ??
    dialog.querySelector(".dialog-body :is(input, textarea, select):not([type=file])") ??
    dialog.querySelector("footer button:last-of-type:not([hidden])");
  if (wanted instanceof HTMLElement) wanted.focus();
}
