// A menu beside a button: arrows move, Enter chooses, Escape and a click elsewhere close it.

import { h } from "./dom.js";

/** @typedef {{label: string, id?: string, choose: () => void}} Entry */

const MARGIN = 8;

/** @param {HTMLElement} anchor @param {Entry[]} entries */
export function openMenu(anchor, entries) {
  const close = (/** @type {boolean} */ refocus) => {
    menu.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", escaped, true);
    window.removeEventListener("resize", resized);
    if (refocus) anchor.focus();
  };
  const outside = (/** @type {Event} */ event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) close(false);
  };
  const resized = () => close(false);
  // Wherever the focus is: a redraw may have taken it away from the menu.
  const escaped = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close(true);
  };
  const items = entries.map((entry) =>
    h(
      "button",
      {
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        dir: "auto",
        data: { testid: "menu-item", id: entry.id ?? "" },
        on: {
          click: () => {
            close(true);
            entry.choose();
          },
        },
      },
      entry.label,
    ),
  );
  const menu = h("div", { class: "menu", role: "menu", on: { keydown } }, items);

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    const now = items.indexOf(/** @type {any} */ (document.activeElement));
    const last = items.length - 1;
    const next = {
      ArrowDown: now >= last ? 0 : now + 1,
      ArrowUp: now <= 0 ? last : now - 1,
      Home: 0,
      End: last,
    };
    if (event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close(true);
    } else if (event.key in next) {
      event.preventDefault();
      items[next[/** @type {keyof typeof next} */ (event.key)]].focus();
    }
  }

  anchor.setAttribute("aria-expanded", "true");
  // What is not inside an open dialog lies under it.
  (anchor.closest("dialog") ?? document.body).append(menu);
  place(menu, anchor);
  items[0]?.focus();
  document.addEventListener("keydown", escaped, true);
  window.addEventListener("resize", resized);
  // The click that opened the menu is still on its way.
  setTimeout(() => {
    if (menu.isConnected) document.addEventListener("pointerdown", outside, true);
  });
}

/** Put the menu under its button, or above where there is no room. @param {HTMLElement} menu @param {HTMLElement} anchor */
function place(menu, anchor) {
  const box = anchor.getBoundingClientRect();
  const under = box.bottom + MARGIN / 2;
  const fits = under + menu.offsetHeight + MARGIN <= window.innerHeight;
  const top = fits ? under : Math.max(MARGIN, box.top - menu.offsetHeight - MARGIN / 2);
  const most = window.innerWidth - menu.offsetWidth - MARGIN;
  menu.style.top = `${top}px`;
  menu.style.left = `${Math.max(MARGIN, Math.min(box.right - menu.offsetWidth, most))}px`;
}
