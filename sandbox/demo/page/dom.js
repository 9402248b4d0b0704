// Build DOM nodes from data, and change only what changed. Text always becomes a text node.

/**
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {{key: string, signature: string, create: () => HTMLElement,
 *            update?: (node: HTMLElement) => void}} Item
 */

/**
 * Return a new element. `on` holds listeners, `data` the dataset; `false` and `null` leave an
 * attribute out.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(node.dataset, value);
    } else if (value === true) {
      node.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, String(value));
    }
  }
  node.append(...children.flat().filter(isShown));
  return node;
}

/** @param {Child} child @returns {child is Node | string} */
function isShown(child) {
  return child !== null && child !== undefined && child !== false;
}

/**
 * Make `container` hold one node for each item, in order. A node whose signature is the same stays
 * as it is, so a playing video plays on, an open list stays open and the focus stays.
 * @param {HTMLElement} container
 * @param {Item[]} items
 */
export function reconcile(container, items) {
  const standing = new Map(
    Array.from(container.children, (node) => [/** @type {any} */ (node).dataset.key, node]),
  );
  /** @type {Element | null} */
  let before = null;
  for (const item of items) {
    const old = /** @type {HTMLElement | undefined} */ (standing.get(item.key));
    const node = old && old.dataset.signature === item.signature ? old : made(item);
    standing.delete(item.key);
    if (old && old !== node) replaceKeepingFocus(old, node);
    /** @type {Element | null} */
    const place = before ? before.nextElementSibling : container.firstElementChild;
    if (node !== place) container.insertBefore(node, place);
    item.update?.(node);
    before = node;
  }
  for (const node of standing.values()) node.remove();
}

/** @param {Item} item */
function made(item) {
  const node = item.create();
  node.dataset.key = item.key;
  node.dataset.signature = item.signature;
  return node;
}

/** @param {HTMLElement} old @param {HTMLElement} node */
function replaceKeepingFocus(old, node) {
  const active = document.activeElement;
  const key = active instanceof HTMLElement && old.contains(active) ? active.dataset.focus : null;
  old.replaceWith(node);
  if (key) focusOn(node, key);
}

/** Focus the control that `data-focus` names. @param {ParentNode} root @param {string} key */
export function focusOn(root, key) {
  const control = root.querySelector(`[data-focus="${CSS.escape(key)}"]`);
  if (control instanceof HTMLElement) control.focus();
}

const SVG = "http://www.w3.org/2000/svg";

/** Strokes on a 20 × 20 grid. */
const ICONS = {
  attach: "M14 6 7.5 12.5a2 2 0 0 0 3 3L17 9a4 4 0 0 0-6-5.5L4.5 10a6 6 0 0 0 8.5 8.5L17 14.5",
  back: "M12.5 4 6.5 10l6 6",
  bolt: "M11 2 4 11.5h5L8 18l8-10h-5.5z",
  close: "M5 5l10 10M15 5 5 15",
  dislike:
    "M6 11V3H3v8zM6 11l4 6.5c1.4 0 2.2-1 2-2.3L11.5 12H16a1.6 1.6 0 0 0 1.5-2l-1.6-5.8A1.6 1.6 0 0 0 14.4 3H6",
  download: "M10 3v10m-4-4 4 4 4-4M4 17h12",
  eye: "M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zm8-2a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  hash: "M8 3 6 17m8-14-2 14M3.5 7.5h14M2.5 12.5h14",
  like: "M6 9v8H3V9zM6 9l4-6.5c1.4 0 2.2 1 2 2.3L11.5 8H16a1.6 1.6 0 0 1 1.5 2l-1.6 5.8a1.6 1.6 0 0 1-1.5 1.2H6",
  lock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  menu: "M3 5h14M3 10h14M3 15h14",
  more: "M4 10h.01M10 10h.01M16 10h.01",
  person: "M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zm-6 7c0-3 2.5-5 6-5s6 2 6 5",
  send: "M3 10 17 3.5 13 17l-3.5-5zM9.5 12 17 3.5",
  thread: "M3 4h14v9H9l-4 3.5V13H3zM6.5 7.5h7M6.5 10h4",
  warning: "M10 3 2 17h16zM10 8v4m0 2.5h.01",
};

/**
 * Return a decorative picture; the control around it carries the words.
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
