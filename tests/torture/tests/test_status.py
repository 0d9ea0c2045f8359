"""The rule of src/domain/status, by examples."""

import itertools
import unittest
from datetime import UTC, datetime

from ..status import Word, status_of


def _at(second: int) -> datetime:
    return datetime(2026, 11, 23, 5, 0, second, tzinfo=UTC)


class Status(unittest.TestCase):
    """The status is a function of the set."""

    def check(self, expected: str, *words: Word) -> None:
        for order in itertools.permutations(words):
            self.assertEqual(status_of(order), expected)

    def test_nothing_known(self) -> None:
        self.check("recorded")

    def test_the_highest_rank(self) -> None:
        self.check("unknown", Word("accepted"), Word("unknown"), Word("sent"))
        self.check("failed", Word("unknown"), Word("failed"))

    def test_among_finals_a_real_one_then_the_earliest_then_the_fixed_order(self) -> None:
        self.check("undelivered", Word("delivered", synthetic=True, time=_at(1)), Word("undelivered", time=_at(9)))
        self.check("expired", Word("expired", time=_at(1)), Word("delivered", time=_at(2)))
        self.check("delivered", Word("delivered", time=_at(5)), Word("rejected"))
        self.check("delivered", Word("delivered", time=_at(5)), Word("rejected", time=_at(5)))

    def test_over_segments_the_worst(self) -> None:
        self.check("sent", Word("delivered", segment=1), Word("sent", segment=2))
        self.check("undelivered", Word("delivered", segment=1), Word("undelivered", segment=2))
        self.check("delivered", Word("accepted"), Word("delivered", segment=1))
        self.check("delivered", Word("delivered"), Word("sent", segment=1), Word("accepted", segment=2))
