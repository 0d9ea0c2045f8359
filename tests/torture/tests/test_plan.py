"""A seed says all that happens in a round."""

import itertools
import unittest
from pathlib import Path

from .. import failpoints
from ..plan import CHORES, SERVICES, draw_plan, lives

_SOURCE = Path(__file__).resolve().parents[3] / "src"


class Plans(unittest.TestCase):
    """Plans and lives."""

    def test_the_same_seed_gives_the_same_plan(self) -> None:
        one, again, other = (draw_plan(seed, "both", 30, 4) for seed in ("7/1", "7/1", "7/2"))
        self.assertEqual(one, again)
        self.assertNotEqual(one.steps, other.steps)

    def test_every_fault_is_drawn(self) -> None:
        plans = [draw_plan(f"1/{number}", "both", 60, 5) for number in range(8)]
        self.assertEqual({plan.store for plan in plans}, {"seaweedfs", "embedded"})
        drawn = {step.fault for plan in plans for step in plan.steps}
        self.assertEqual(len(drawn), 8, drawn)

    def test_every_failpoint_is_armed(self) -> None:
        names = [f"ship.{letter}" for letter in "abcdefghijklmnop"]
        first = list(itertools.islice(lives("7/1", "ship-a", "", names), 100))
        again = list(itertools.islice(lives("7/1", "ship-a", "", names), 100))
        self.assertEqual(first, again)
        armed = {point.partition("=")[0] for life in first for point in life.failpoints.split(";")}
        self.assertLessEqual(set(names), armed)


class Failpoints(unittest.TestCase):
    """The places in the source."""

    def test_each_stands_before_or_after_a_step_of_a_known_room(self) -> None:
        found = failpoints.discover(_SOURCE)
        self.assertIn("ship.manifest.before", found)
        for name in found:
            self.assertRegex(name, r"^[a-z]+\.[a-z_]+\.(before|after)$")
        kinds = {service.partition("-")[0] for service in SERVICES + CHORES}
        self.assertLessEqual({kind for services in found.values() for kind in services}, kinds)
