// The fields of one view: what stands in them, and what is wrong with them.

/**
 * @typedef {object} Field  One input.
 * @property {HTMLElement} node
 * @property {() => Value} read
 * @property {() => string | null} [problem]  what is wrong, for what this page can tell itself
 *
 * @typedef {string | string[] | null} Value  `null`: nothing chosen
 *
 * @typedef {object} Labelled  An input block: a field with its label and its error line.
 * @property {string} blockId
 * @property {Field} field
 * @property {boolean} optional
 * @property {(problem: string | null) => void} tell
 */

export class Registry {
  /** @type {Map<string, {blockId: string, actionId: string, field: Field}>} */
  #fields = new Map();
  /** @type {Map<string, Labelled>} */
  #inputs = new Map();
  /** @type {Record<string, Record<string, Value>>} */
  #carried = {};

  /** @param {string} blockId @param {string} actionId @param {Field} field */
  add(blockId, actionId, field) {
    this.#fields.set(JSON.stringify([blockId, actionId]), { blockId, actionId, field });
  }

  /** @param {Labelled} input */
  addInput(input) {
    this.#inputs.set(input.blockId, input);
  }

  /** Keep what stands in the fields for those that are redrawn under the same IDs. */
  carry() {
    this.#carried = this.values();
  }

  /** Return what stood there before the redraw; `undefined` if there was no such field.
   * @param {string} blockId @param {string} actionId @returns {Value | undefined} */
  carried(blockId, actionId) {
    return this.#carried[blockId]?.[actionId];
  }

  /** Return `{block_id: {action_id: value}}` of the fields that are on the page. */
  values() {
    /** @type {Record<string, Record<string, Value>>} */
    const values = {};
    for (const { blockId, actionId, field } of this.#fields.values()) {
      if (!field.node.isConnected) continue;
      values[blockId] = { ...values[blockId], [actionId]: field.read() };
    }
    return values;
  }

  /** Return what is wrong before the app is asked, by block. @returns {Record<string, string>} */
  problems() {
    /** @type {Record<string, string>} */
    const problems = {};
    for (const { blockId, field, optional } of this.#present()) {
      const value = field.read();
      const empty = value === null || value.length === 0;
      const missing = empty && !optional ? "Please complete this required field." : null;
      const problem = field.problem?.() ?? missing;
      if (problem) problems[blockId] = problem;
    }
    return problems;
  }

  /**
   * Show each problem at its field, focus the first, and return those that have no field here.
   * @param {Record<string, string>} problems @returns {string[]}
   */
  tell(problems) {
    const inputs = this.#present();
    for (const input of inputs) input.tell(problems[input.blockId] ?? null);
    const first = inputs.find((input) => problems[input.blockId]);
    if (first) focusInside(first.field.node);
    const here = new Set(inputs.map((input) => input.blockId));
    return Object.keys(problems)
      .filter((blockId) => !here.has(blockId))
      .map((blockId) => problems[blockId]);
  }

  #present() {
    return [...this.#inputs.values()].filter((input) => input.field.node.isConnected);
  }
}

/** @param {HTMLElement} node */
function focusInside(node) {
  const control = node.matches("input, textarea, select") ? node : node.querySelector("input");
  if (control instanceof HTMLElement) control.focus();
}
