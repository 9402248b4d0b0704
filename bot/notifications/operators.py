"""Keep in the store who hears of what needs an operator: the commit that needs it looks there."""

from __future__ import annotations

from collections.abc import Sequence

from storage.notification import OPERATORS, SettingStore, team_scope


async def keep_operators(store: SettingStore, team: str, admins: Sequence[str]) -> None:
    """Note the admins, unless they are noted: a start on a full disk must not fail for this."""
    wanted = list(admins) or None
    if await store.setting(team_scope(team), OPERATORS) != wanted:
        await store.set(team_scope(team), OPERATORS, wanted)
