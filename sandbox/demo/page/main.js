// The demo page: a simulated Slack workspace, drawn from what the server tells.
//
// Names for tests (`data-testid`), the same in every version of this page:
//   sidebar, channel-<channel ID>, user-<user ID>, menu-button
//   channel-title, channel-bot, tab-home, tab-messages, home, messages
//   message (with data-ts, data-user), edited, see-more, file-video, file-image, file-card
//   thread-open (the bar with replies), thread-reply, message-actions, menu-item (data-id)
//   try-example, composer, composer-input, composer-send, composer-file, suggestion
//   shortcut-<callback ID>
//   thread, thread-messages, thread-composer, thread-input, thread-send, thread-file, thread-close
//   modal, modal-submit, modal-close, modal-x, field-error, upload
//   processes, process-<name> (with data-running), kill-<name>
//   confirm, confirm-yes, confirm-no, notice, notice-dismiss, offline, newest
// Elements of Block Kit carry `data-action-id`, and their blocks `data-block-id`.

import { Composer } from "./composer.js";
import { refreshRelative } from "./dates.js";
import { focusOn } from "./dom.js";
import { renderHeader } from "./header.js";
import { keyOf, renderMessages, spoken } from "./messages.js";
import { forget, say, showNotices } from "./notices.js";
import { channelName, isApp, namesIn } from "./people.js";
import { renderPrompts } from "./prompts.js";
import { Scroller } from "./scroll.js";
import * as server from "./server.js";
import { keepSession, readSession, stepBack } from "./session.js";
import { renderSidebar, WORKSPACE } from "./sidebar.js";
import { COMMAND } from "./suggest.js";
import { ThreadPane } from "./thread.js";
import { Home, Modal } from "./views.js";
import { welcome } from "./welcome.js";

/** How often "5 minutes ago" is written anew, in milliseconds. */
const CLOCK_TICK = 15_000;

const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

const session = readSession();
/** @type {any} */
let state = null;
/** @type {string | null} */
let localError = null;
let isLost = false;
let hangUp = () => {};
/** What was listed last, and where. @type {{place: string, keys: Set<string>}} */
let listed = { place: "", keys: new Set() };
const expanded = new Set();
/** Which feedback buttons each person pressed last. @type {Map<string, Map<string, string>>} */
const pressed = new Map();

const upload = (/** @type {File} */ file) => server.upload(state.me.id, file);
const shortcut = (/** @type {string} */ callbackId) =>
  void act({ type: "shortcut", callback_id: callbackId });
const scroller = new Scroller(at("messages"));
const composer = new Composer(at("composer"), "composer", { send, upload, shortcut });
const thread = new ThreadPane(at("thread"), { send: reply, upload, shortcut, close: closeThread });
const home = new Home(at("home"), { act, upload });
const modal = new Modal({ act, upload });

let isStale = false;
/** @type {Promise<void> | null} */
let fetching = null;

/** Fetch and draw; calls that come meanwhile are served by one more round. */
function refresh() {
  isStale = true;
  fetching ??= fetchUntilFresh().finally(() => {
    fetching = null;
  });
  return fetching;
}

async function fetchUntilFresh() {
  while (isStale) {
    isStale = false;
    try {
      const asked = JSON.stringify(session);
      const told = await server.fetchState(session);
      // An answer to where this person was a moment ago is of no use.
      if (asked !== JSON.stringify(session)) isStale = true;
      else if (told !== null) draw(told);
      else if (stepBack(session)) isStale = true;
      else refuse("The demo's server does not know who you are.");
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error));
    }
  }
}

/** Do it, and tell whether the server took it. @param {Record<string, unknown>} action */
async function act(action) {
  localError = null;
  forget();
  const answer = await server.act({ ...action, user: session.user });
  if (!answer.ok) localError = answer.error ?? "That did not work.";
  await refresh();
  return answer.ok;
}

/** Show an error that is not the app's: of the network, or of Slack's own page. @param {string} problem */
function refuse(problem) {
  localError = problem;
  forget();
  drawNotices();
  return false;
}

/** @param {string} text @param {string[]} fileIds */
async function send(text, fileIds) {
  const channel = state.channel.id;
  scroller.toEnd();
  if (!text.startsWith("/")) return act({ type: "message", channel, text, files: fileIds });
  const [name] = text.split(/\s/, 1);
  if (name !== COMMAND.name) return refuse(`${name} is not a command here. Try ${COMMAND.name}.`);
  return act({ type: "command", channel, text });
}

/** @param {string} text @param {string[]} fileIds */
async function reply(text, fileIds) {
  const channel = state.channel.id;
  const [name] = text.split(/\s/, 1);
  if (name.startsWith("/")) {
    return refuse(`${name} does not work in a thread. Mention @${state.bot.name} instead.`);
  }
  return act({ type: "message", channel, text, files: fileIds, thread_ts: session.thread });
}

/** @param {Partial<import("./session.js").Session>} change */
function go(change) {
  Object.assign(session, change);
  keepSession(session);
  return refresh();
}

/** @param {string} channel */
async function openChannel(channel) {
  showMenu(false);
  await go({ channel, thread: null, tab: "messages" });
  if (isApp(state.channel)) await openTab("messages");
}

/** @param {string} user */
async function become(user) {
  showMenu(false);
  localError = null;
  const wasWithApp = isApp(state.channel);
  const { tab, channel } = session;
  // Another person may not see a private channel, and has another conversation with the app.
  const isShared = state.channel.kind === "public";
  await go({ user, thread: null, channel: isShared ? channel : null });
  const own = state.channels.find(isApp);
  if (!wasWithApp || !own) return;
  await go({ channel: own.id });
  await openTab(tab);
}

/** @param {"messages" | "home"} tab */
async function openTab(tab) {
  await go({ tab, thread: null });
  await act({ type: "open_home", tab });
}

/** @param {string} ts */
function openThread(ts) {
  void go({ thread: ts });
}

async function closeThread() {
  const left = session.thread;
  await go({ thread: null });
  focusOn(at("messages"), `channel/${left}/thread`);
}

/** @param {boolean} isOpen */
function showMenu(isOpen) {
  at("app").dataset.menu = isOpen ? "open" : "closed";
  if (isOpen) at("sidebar").querySelector("button")?.focus();
}

function drawNotices() {
  showNotices(localError ?? state?.error ?? null, isLost);
}

/** @param {any} told */
function draw(told) {
  const isOtherPerson = state?.me.id !== told.me.id;
  state = told;
  Object.assign(session, { user: told.me.id, channel: told.channel.id });
  if (!isApp(told.channel)) session.tab = "messages";
  keepSession(session);
  if (isOtherPerson) listenAs(told.me.id);

  at("app").hidden = false;
  at("app").dataset.thread = session.thread ? "open" : "closed";
  document.title = `${channelName(told.channel, told.bot)} · ${WORKSPACE}`;
  const showsHome = session.tab === "home";
  at("messages").hidden = showsHome;
  at("composer").hidden = showsHome;
  at("home").hidden = !showsHome;

  const names = namesIn(told);
  if (!pressed.has(told.me.id)) pressed.set(told.me.id, new Map());
  const mine = /** @type {Map<string, string>} */ (pressed.get(told.me.id));
  const place = { state: told, names, expanded, pressed: mine, act, upload };
  renderSidebar(at("sidebar"), told, { open: openChannel, become, kill: server.kill });
  const invite = () => void act({ type: "invite", channel: told.channel.id });
  const acts = { menu: () => showMenu(true), tab: openTab, invite };
  renderHeader(at("channel-header"), told, session, acts);
  renderPrompts(at("prompts"), showsHome ? [] : told.prompts, (text) => void send(text, []));
  const beginning = welcome(told, (text) => composer.write(text));
  renderMessages(scroller.list, told.messages, { ...place, id: "channel", beginning, openThread });
  composer.show(writing(`${told.me.id}/${told.channel.id}`, placeOf(told), "global"));
  tellNews(told, names);
  const key = `${told.me.id}/${told.channel.id}/${session.thread}`;
  thread.show(
    session.thread,
    { ...place, id: "thread", beginning: null, openThread: null },
    writing(key, "Reply…", null),
  );
  if (showsHome) home.show(told.views.home, names);
  modal.show(told.views.modal, names);
  drawNotices();
  showLinked();
}

/** Scroll to the message that a link led to, once. */
function showLinked() {
  const { message } = session;
  if (message === null) return;
  session.message = null;
  keepSession(session);
  const row = document.querySelector(`[data-testid="message"][data-ts="${CSS.escape(message)}"]`);
  if (!row) return refuse("That message is not here, or you cannot see it.");
  row.scrollIntoView({ block: "center" });
  row.classList.add("message-linked");
}

/** @param {any} told */
function placeOf({ channel, bot }) {
  return `Message ${channel.kind === "direct" ? "" : "#"}${channelName(channel, bot)}`;
}

/** @param {string} key @param {string} placeholder @param {string | null} kind of shortcuts to offer */
function writing(key, placeholder, kind) {
  const { channel, shortcuts, users, bot } = state;
  return {
    key,
    placeholder,
    closed: channel.archived ? "This channel is archived: nothing can be written here." : null,
    people: [bot, ...users],
    shortcuts: shortcuts.filter((/** @type {any} */ one) => one.type === kind),
  };
}

/**
 * Scroll to what is new, and say it to screen readers.
 * @param {any} told @param {import("./mrkdwn.js").Names} names
 */
function tellNews(told, names) {
  const place = `${told.me.id}/${told.channel.id}`;
  const keys = new Set(told.messages.map(keyOf));
  const fresh = told.messages.filter((/** @type {any} */ one) => !listed.keys.has(keyOf(one)));
  const isHere = listed.place === place;
  listed = { place, keys };
  if (!isHere) {
    scroller.toEnd();
  } else if (fresh.length > 0) {
    scroller.announce();
    const last = fresh[fresh.length - 1];
    if (last.user !== told.me.id) say(`New message: ${spoken(last, names)}`);
  }
}

/** @param {string} user */
function listenAs(user) {
  hangUp();
  hangUp = server.listen(
    user,
    () => void refresh(),
    (lost) => {
      isLost = lost;
      drawNotices();
    },
  );
}

// A permalink opens here, as the same person; every other link opens beside the page.
document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest?.("a[href]");
  if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin) return;
  if (!link.pathname.startsWith("/archives/") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  location.assign(`${link.pathname}?user=${encodeURIComponent(session.user ?? "")}`);
});
window.addEventListener("hashchange", () => {
  Object.assign(session, readSession());
  void refresh();
});
at("scrim").addEventListener("click", () => showMenu(false));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (at("app").dataset.menu === "open") showMenu(false);
  else if (session.thread !== null && !document.querySelector("dialog[open]")) void closeThread();
});
setInterval(() => refreshRelative(document), CLOCK_TICK);
void refresh();
