"""The shapes of Slack's IDs, so that a mistyped one is refused: nothing would ever match it."""

from __future__ import annotations

import re

# https://docs.slack.dev/reference/objects/user-object and …/conversation-object
TEAM = re.compile(r"[TE][0-9A-Z]{1,20}")
USER = re.compile(r"[UW][0-9A-Z]{1,20}")
CHANNEL = re.compile(r"[CG][0-9A-Z]{1,20}")
