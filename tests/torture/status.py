"""The delivery status of a message by the rule of src/domain/status, in words of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

#: How far each status has come; the finals are equals.
_RANK = {"recorded": 0, "accepted": 10, "queued": 20, "sent": 30, "unknown": 40}
_FINAL = 50
#: Among equal finals the first of these.
_ORDER = ["delivered", "undelivered", "failed", "rejected", "expired", "canceled"]
#: Over segments, the first of these that one of them has.
_WORST = [
    "canceled", "failed", "rejected", "undelivered", "expired", "recorded", "accepted", "queued",
    "sent", "unknown", "delivered",
]
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Word:
    """What a receipt or a submission says."""

    status: str
    synthetic: bool = False
    #: By the gateway's clock.
    time: datetime | None = None
    segment: int | None = None


def status_of(words: Iterable[Word]) -> str:
    """The status that a set of words comes to; their order does not matter."""
    all_words = list(words)
    whole = [word for word in all_words if word.segment is None]
    segments = {word.segment for word in all_words} - {None}
    if not segments:
        return _best(whole)
    # A word about the whole message is a word about each of its segments.
    found = {_best(whole + [word for word in all_words if word.segment == one]) for one in segments}
    return min(found, key=_WORST.index)


def _best(words: list[Word]) -> str:
    return min(words, key=_place).status if words else "recorded"


def _place(word: Word) -> tuple[int, bool, datetime, int]:
    """Smaller is better."""
    if word.status in _RANK:
        return (-_RANK[word.status], False, _NEVER, 0)
    return (-_FINAL, word.synthetic, word.time or _NEVER, _ORDER.index(word.status))
