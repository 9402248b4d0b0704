// Files on their way up: the `file_input` of a form, and the attachments of a composer.

import { h, icon } from "./dom.js";

/** @typedef {import("./registry.js").Field} Field */

/** Names of what was uploaded from this page, by file ID. @type {Map<string, string>} */
const NAMES = new Map();

/** A list of files that are uploaded as soon as they are chosen. */
export class Uploads {
  /** @type {{name: string, fileId: string | null, problem: string | null}[]} */
  #files = [];
  #upload;
  #limit;
  #changed;

  /**
   * @param {(file: File) => Promise<string>} upload @param {() => void} changed
   * @param {number} [limit]
   */
  constructor(upload, changed, limit = 10) {
    this.node = h("ul", { class: "uploads", "aria-label": "Attached files" });
    this.#upload = upload;
    this.#changed = changed;
    this.#limit = limit;
  }

  get fileIds() {
    return this.#files.flatMap((file) => (file.fileId === null ? [] : [file.fileId]));
  }

  get busy() {
    return this.#files.some((file) => file.fileId === null && file.problem === null);
  }

  /** Why the list cannot be sent as it stands. @returns {string | null} */
  get problem() {
    if (this.busy) return "Please wait until the files are uploaded.";
    const failed = this.#files.some((file) => file.problem !== null);
    return failed ? "Please remove the file that could not be uploaded." : null;
  }

  /** Take back a list that `fileIds` told before. @param {string[]} fileIds */
  restore(fileIds) {
    this.#files = fileIds.map((fileId) => ({
      name: NAMES.get(fileId) ?? fileId,
      fileId,
      problem: null,
    }));
    this.#list();
  }

  clear() {
    this.#files = [];
    this.#draw();
  }

  /** Upload what fits under the limit. @param {Iterable<File>} files */
  async add(files) {
    const room = this.#limit - this.#files.length;
    await Promise.all(
      Array.from(files)
        .slice(0, room)
        .map((file) => this.#addOne(file)),
    );
  }

  /** @param {File} file */
  async #addOne(file) {
    const entry = { name: file.name, fileId: null, problem: null };
    this.#files.push(entry);
    this.#draw();
    try {
      const fileId = await this.#upload(file);
      NAMES.set(fileId, file.name);
      Object.assign(entry, { fileId });
    } catch (error) {
      Object.assign(entry, { problem: error instanceof Error ? error.message : String(error) });
    }
    this.#draw();
  }

  #draw() {
    this.#list();
    this.#changed();
  }

  #list() {
    const remove = (/** @type {number} */ index) => {
      this.#files.splice(index, 1);
      this.#draw();
    };
    this.node.replaceChildren(
      ...this.#files.map((file, index) =>
        h(
          "li",
          { class: file.problem ? "upload upload-failed" : "upload", data: { testid: "upload" } },
          h("span", { class: "upload-name", dir: "auto" }, file.name),
          file.problem && h("span", { class: "hint" }, file.problem),
          file.fileId === null && !file.problem && h("span", { class: "hint" }, "uploading…"),
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": `Remove ${file.name}`,
              on: { click: () => remove(index) },
            },
            icon("close"),
          ),
        ),
      ),
    );
  }
}

/** @param {any} element @param {import("./fields.js").Options} options @returns {Field} */
export function fileField(element, options) {
  const uploads = new Uploads(
    options.upload,
    () => uploads.busy || options.onCommit?.(uploads.fileIds),
    element.max_files,
  );
  const control = h("input", {
    type: "file",
    id: options.id,
    multiple: (element.max_files ?? 10) > 1,
    accept:
      (element.filetypes ?? []).map((/** @type {string} */ type) => `.${type}`).join(",") || null,
    "aria-label": options.label,
    "aria-describedby": options.describedBy,
    data: { actionId: element.action_id ?? "", focus: options.id },
  });
  control.addEventListener("change", async () => {
    await uploads.add(control.files);
    control.value = "";
  });
  if (Array.isArray(options.carried)) uploads.restore(options.carried);
  return {
    node: h("div", { class: "file-field" }, control, uploads.node),
    read: () => uploads.fileIds,
    problem: () => uploads.problem,
  };
}
