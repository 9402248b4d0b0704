// Where this person is. The address bar keeps it, so that a reload comes back to the same place.

/**
 * @typedef {object} Session
 * @property {string | null} user  `null`: the server's first
 * @property {string | null} channel  `null`: this person's first
 * @property {string | null} thread
 * @property {"messages" | "home"} tab
 * @property {string | null} message  the message that a link leads to, until it was shown
 */

/** @returns {Session} */
export function readSession() {
  const kept = new URLSearchParams(location.hash.slice(1));
  return {
    user: kept.get("user"),
    channel: kept.get("channel"),
    thread: kept.get("thread"),
    tab: kept.get("tab") === "home" ? "home" : "messages",
    message: kept.get("message"),
  };
}

/** @param {Session} session */
export function keepSession(session) {
  const kept = new URLSearchParams();
  for (const [name, value] of Object.entries(session)) if (value !== null) kept.set(name, value);
  history.replaceState(null, "", `#${kept}`);
}

/**
 * Forget the last thing that the server may not know (any more): a channel that this person cannot
 * see, or a person of a workspace that has been started anew.
 * @param {Session} session @returns {boolean} whether there was something to forget
 */
export function stepBack(session) {
  if (session.channel !== null || session.thread !== null) {
    Object.assign(session, { channel: null, thread: null, tab: "messages" });
    return true;
  }
  if (session.user !== null) {
    session.user = null;
    return true;
  }
  return false;
}
