"""The demo page's server side: what a person sees and does in the simulated Slack, as JSON.

`GET /` is the page (`bot/sandbox/page/index.html`), `GET /page/{name}` its other files. All that
the page knows comes from these calls; every `user` is an ID of `users`, every `ts` a string.

**`GET /demo/state?user=U…[&channel=C…][&thread=TS]`** → what that person sees now. Without
`channel` the first channel of `channels`; `thread` is the `ts` of a thread's first message::

    {"version": 17,
     "me": User, "bot": User, "users": [User],        # `users`: the people, without the bot
     "channels": [Channel], "channel": Channel,       # those that this person can see
     "messages": [Message],                           # oldest first, without thread replies
     "thread": null | {"ts": TS, "messages": [Message]},   # first message, then its replies
     "views": {"modal": null | View, "home": null | View},
     "shortcuts": [{"callback_id": …, "name": …, "type": "global" | "message"}],
     "error": null | "what Slack shows this person in red, such as: /video failed …"}

    User:    {"id", "name", "real_name", "is_bot": bool, "is_admin": bool}
    Channel: {"id", "name", "kind": "public" | "private" | "direct", "bot_is_member": bool,
              "archived": bool}        # `name` of a direct conversation: the other one's name
    Message: {"ts", "user": "U…", "bot": bool, "text", "blocks": [Block Kit block],
              "edited": bool, "thread_ts": TS | null, "reply_count": 0, "files": [File],
              "ephemeral_for": null | "U…"}   # "Only visible to you"
    File:    {"id", "name", "title", "mimetype", "size", "url": "/demo/files/F…", "alt"}
    View:    {"id", "type": "modal" | "home", "title": "…", "submit": "…" | null,
              "close": "…" | null, "blocks": [Block Kit block],
              "errors": {"block_id": "what is wrong with it"}}

`text` and `blocks` hold mrkdwn as the bot sent it (`<@U…>`, `<!date^…>`, `&lt;`). The error stays
until this person's next act.

**`GET /demo/stream?user=U…`** → server-sent events, `data: {"changed": true, "version": 17}`: one
at once, then one whenever anything changed.

**`POST /demo/act`** with JSON `{"user": "U…", "type": …, …}` → what Slack does with it.
Answer: `{"ok": true, "ephemeral": null | Message}`, where `ephemeral` is the private answer
that came with the acknowledgement (it is in the state too), or `{"ok": false, "error": "…"}` with
what Slack would show; HTTP 400 with the same shape when the request itself makes no sense.

=================  ==============================================================================
`type`             further fields
=================  ==============================================================================
command            `channel`, `text` (as typed: `/video a red car --duration 5`)
message            `channel`, `text` (`@name` becomes a mention), `thread_ts`?, `files`?: [file ID]
click              `channel`, `ts`, `block_id`, `action_id`, `value`?  (an element in a message)
view_action        `view_id`, `block_id`, `action_id`, `value`?, `values`?  (in a modal or the Home
                   tab: buttons, and inputs with `dispatch_action`)
submit_view        `view_id`, `values`
close_view         `view_id`
shortcut           `callback_id`
message_shortcut   `callback_id`, `channel`, `ts`
open_home          (none)
=================  ==============================================================================

`value` is plain: a text for an input, the option's `value` for a select or radio buttons, a list of
those for checkboxes and multi-selects, a list of file IDs for a `file_input`; a button needs none.
`values` is `{"block_id": {"action_id": value}}` for the inputs of the view, as they stand.

**`POST /demo/files?user=U…`**, multipart with a part `file` → `{"file_id": "F…"}`, to be named in
a `message` or in a `file_input`. **`GET /demo/files/F…`** → its bytes; answers `Range`.
"""
