// The calls to the demo's server; what they mean stands in `sandbox/demo/api.py`.

/**
 * Return what this person sees; `null` if the server refuses, because it knows no such person or
 * channel. Throws where the server cannot be reached.
 * @param {import("./session.js").Session} session @returns {Promise<any>}
 */
export async function fetchState(session) {
  const query = new URLSearchParams();
  if (session.user) query.set("user", session.user);
  if (session.channel) query.set("channel", session.channel);
  if (session.thread) query.set("thread", session.thread);
  const response = await fetch(`/demo/state?${query}`);
  if (response.status === 400) return null;
  if (!response.ok) throw new Error(await problemOf(response));
  return response.json();
}

/** Do what a person does; never throws. @param {Record<string, unknown>} action
 * @returns {Promise<{ok: boolean, error?: string}>} */
export async function act(action) {
  try {
    const response = await fetch("/demo/act", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(action),
    });
    if (!response.ok) return { ok: false, error: await problemOf(response) };
    return await response.json();
  } catch {
    return { ok: false, error: "The demo's server does not answer. Is it still running?" };
  }
}

/** Kill one of the bot's processes; what became of it is in the state. @param {string} name */
export async function kill(name) {
  await fetch(`/demo/processes/${encodeURIComponent(name)}/kill`, { method: "POST" });
}

/** @param {string} user @param {File} file @returns {Promise<string>} the file's ID */
export async function upload(user, file) {
  const form = new FormData();
  form.set("file", file);
  const response = await fetch(`/demo/files?user=${encodeURIComponent(user)}`, {
    method: "POST",
    body: form,
  });
  if (!response.ok) throw new Error(await problemOf(response));
  return (await response.json()).file_id;
}

/** @param {Response} response */
async function problemOf(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).error ?? `The demo's server said ${response.status}.`;
  } catch {
    return `The demo's server said ${response.status}.`;
  }
}

/**
 * Call `changed` whenever the workspace may look different, and `lost` while the line is down.
 * @param {string} user @param {() => void} changed @param {(isLost: boolean) => void} lost
 * @returns {() => void} hangs up
 */
export function listen(user, changed, lost) {
  const stream = new EventSource(`/demo/stream?user=${encodeURIComponent(user)}`);
  stream.addEventListener("open", () => lost(false));
  stream.addEventListener("message", changed);
  stream.addEventListener("error", () => lost(true));
  return () => stream.close();
}
