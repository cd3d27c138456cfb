"""The same facts as each kind of receiver wants them: plain JSON, Discord's embeds, Slack's text. Pure.

Titles come from strangers. Nothing in one may mention people, link anywhere or change how a message looks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from integrations.webhooks.occurrences import EVENTS, TEST, Facts

# Discord's limits in characters (https://discord.com/developers/docs/resources/message).
DISCORD_TITLE, DISCORD_DESCRIPTION, DISCORD_FIELD, DISCORD_FOOTER, DISCORD_TOTAL = 256, 4096, 1024, 2048, 6000
SLACK_TEXT = 3000
_UNSEEN = "\u200b"
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()<:.!+-])")
# What looks the same and means nothing to Slack and its like, which know no way to escape.
_LOOKALIKES = str.maketrans({"*": "∗", "_": "\uff3f", "~": "∼", "`": "ˋ", "[": "［", "]": "］"})
_COLOURS = {"good": 0x2E9E5B, "bad": 0xC4453C, "info": 0x0F6CBD}
_GOOD = ("download_complete", "download_series_completed", "series_added", "provider_recovered")
_BAD = ("download_failed", "scan_failed", "scheduled_rescan_failed", "provider_down", "system_error", "system_warning")


@dataclass(frozen=True)
class Words:
    """An occurrence for a person: a headline, what it is about, and what else helps, by its name."""

    headline: str
    about: str
    more: tuple[tuple[str, str], ...]
    tone: str


def body(format_: str, facts: Facts, delivery: str) -> bytes:
    """What is sent, the same for every try of one delivery."""
    return json.dumps(FORMATS[format_](facts, delivery), ensure_ascii=False, separators=(",", ":")).encode()


def words(facts: Facts) -> Words:
    """The facts as text, still as strangers wrote it."""
    type_, data = str(facts["event"]), facts.get("data") or {}
    series, episode, file = facts.get("series"), facts.get("episode"), facts.get("file")
    name = (series or {}).get("name") or data.get("provider_name") or data.get("title") or data.get("message") or ""
    about = " ".join(str(part) for part in (name, (episode or {}).get("code")) if part)
    more = (
        (_("Language"), (file or {}).get("language")),
        (_("File"), (file or {}).get("path")),
        (_("Host"), data.get("provider") if series else None),
        (_("Reason"), data.get("error") or data.get("error_message")),
        (_("Message"), data.get("message") if data.get("message") != name else None),
    )
    headline = _("This is a test: messages arrive here.") if type_ == TEST else str(EVENTS.get(type_, type_))
    tone = "good" if type_ in _GOOD else "bad" if type_ in _BAD else "info"
    return Words(headline, about, tuple((label, str(text)) for label, text in more if text), tone)


def plain(facts: Facts, delivery: str) -> dict[str, Any]:
    """Everything, for programs."""
    return {"delivery": delivery, **facts}


def discord(facts: Facts, delivery: str) -> dict[str, Any]:  # noqa: ARG001 - one of FORMATS
    """One embed, within Discord's limits. `allowed_mentions` is the real guard against mentions."""
    said = words(facts)
    fields = [
        {"name": _cut(_escaped(label), 100), "value": value, "inline": False}
        for label, text in said.more
        if (value := _cut(_escaped(text), DISCORD_FIELD // 2))
    ]
    embed: dict[str, Any] = {
        "title": _cut(_escaped(said.headline), DISCORD_TITLE),
        "description": _cut(_escaped(said.about), DISCORD_DESCRIPTION // 4),
        "color": _COLOURS[said.tone],
        "timestamp": facts["time"],
        "footer": {"text": _cut(_unmentioned(str(facts.get("site") or "")), 100) or "Aniworld"},
        "fields": fields,
    }
    # It refuses texts that are empty.
    return {"embeds": [{name: part for name, part in embed.items() if part}], "allowed_mentions": {"parse": []}}


def slack(facts: Facts, delivery: str) -> dict[str, Any]:  # noqa: ARG001 - one of FORMATS
    """One text, which Slack, Mattermost, Rocket.Chat and others take; formatting is off where that can be said."""
    said = words(facts)
    lines = [said.headline, said.about, *(f"{label}: {text}" for label, text in said.more)]
    some = [_disarmed(_cut(line, SLACK_TEXT // 6)) for line in lines if line]
    return {"text": "\n".join(some), "mrkdwn": False, "link_names": False, "unfurl_links": False}


FORMATS: dict[str, Callable[[Facts, str], dict[str, Any]]] = {"json": plain, "discord": discord, "slack": slack}


def _one_line(text: str) -> str:
    return " ".join(_CONTROL.sub("", text).split())


def _unmentioned(text: str) -> str:
    """`@everyone` and bare addresses are words like any other."""
    return _one_line(text).replace("@", f"@{_UNSEEN}").replace("://", f":{_UNSEEN}//")


def _escaped(text: str) -> str:
    """For Discord's Markdown."""
    return _MARKDOWN.sub(r"\\\1", _unmentioned(text))


def _disarmed(text: str) -> str:
    """For Slack, where `&`, `<` and `>` begin links and mentions, and for its like."""
    plain_text = _unmentioned(text).translate(_LOOKALIKES)
    return plain_text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, longest: int) -> str:
    """At most so many characters, and no half of an escape at the end."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    dangling = len(kept) - len(kept.rstrip("\\"))
    return f"{kept[:-1] if dangling % 2 else kept}…"
