"""The oracle bites: each planted fault is found, and nothing is found where there is none."""

import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import lake, oracle
from ..client_log import Fact
from ..warehouse import Warehouse
from . import world

Lines = list[dict[str, Any]]


class OfTheLake(unittest.TestCase):
    """Faults in the lake."""

    def found(self, change: Callable[[Lines], Any], facts: list[Fact] | None = None) -> str:
        """What the oracle says of a lake whose shipper went wrong in this way."""
        lines = world.lines()
        change(lines)
        read = lake.read(world.bucket(lines))
        return "\n".join(oracle.judge_lake(facts or world.facts(), read))

    def test_a_sound_lake(self) -> None:
        self.assertEqual(self.found(lambda lines: None), "")

    def test_a_sound_lake_in_a_folder(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            world.folder_of(world.bucket(world.lines()), Path(folder))
            self.assertEqual(oracle.judge_lake(world.facts(), lake.read(lake.Folder(Path(folder)))), [])

    def test_a_line_that_was_lost(self) -> None:
        for index, name in [(0, "message m1"), (1, "submission gw-1"), (2, "receipt r1"), (5, "click c1"),
                            (6, "inbound mo-1"), (7, "wish wish of mo-1")]:
            with self.subTest(name):
                self.assertIn(f"the acknowledged {name} is in the lake 0 times", self.found(lambda lines: lines.pop(index)))

    def test_a_line_that_is_there_twice(self) -> None:
        found = self.found(lambda lines: lines.append(dict(lines[5])))
        self.assertIn("the event c-1 is in the lake 2 times", found)
        self.assertIn("the acknowledged click c1 is in the lake 2 times", found)

    def test_a_fact_that_was_recorded_twice(self) -> None:
        found = self.found(lambda lines: lines.append(lines[5] | {"event_id": "c-9"}))
        self.assertIn("the acknowledged click c1 is in the lake 2 times", found)

    def test_an_unanswered_fact_may_be_there_once(self) -> None:
        agent = {"user_agent": "Browser Torture/c2"}
        once = lambda lines: lines.append(lines[5] | {"event_id": "c-2"} | agent)
        self.assertEqual(self.found(once), "")

        def twice(lines: Lines) -> None:
            once(lines)
            lines.append(lines[5] | {"event_id": "c-3"} | agent)

        self.assertIn("the unanswered click c2 is in the lake 2 times", self.found(twice))

    def test_a_field_that_was_altered(self) -> None:
        found = self.found(lambda lines: lines[0].update(campaign="winter"))
        self.assertIn("the acknowledged message m1 has campaign 'winter', must be 'autumn'", found)
        found = self.found(lambda lines: lines[2].update(occurred_at="2026-11-23T05:00:00.000001Z"))
        self.assertIn("the acknowledged receipt r1 has occurred_at", found)

    def test_a_line_that_nobody_sent(self) -> None:
        found = self.found(lambda lines: lines.append(lines[2] | {"event_id": "r-9", "gateway_event_id": "r9"}))
        self.assertIn("nobody sent the receipt r9", found)

    def test_a_wish_that_changed_nothing_leaves_no_line(self) -> None:
        facts = world.facts()
        wish = next(fact for fact in facts if fact.kind == "wish")
        wish.at_least = wish.at_most = 0
        self.assertIn("wish of mo-1 is in the lake 1 times", self.found(lambda lines: None, facts))


class OfFilesAndManifests(unittest.TestCase):
    """Faults in what a manifest vouches for."""

    CLICKS = "events/click/dt=2026-11-23/hr=05/1-0000.json.gz"

    def found(self, change: Callable[[world.Bucket], Any]) -> str:
        bucket = world.bucket(world.lines())
        change(bucket)
        return "\n".join(lake.read(bucket).faults)

    def test_a_file_with_another_content(self) -> None:
        other = world.bucket([world.lines()[5] | {"code": "abd"}]).objects[self.CLICKS]
        found = self.found(lambda bucket: bucket.objects.update({self.CLICKS: other}))
        self.assertIn(f"the file {self.CLICKS} has text_sha256", found)

    def test_a_file_whose_end_is_missing(self) -> None:
        found = self.found(lambda bucket: bucket.objects.update({self.CLICKS: bucket.objects[self.CLICKS][:-9]}))
        self.assertIn("cannot be read", found)

    def test_a_file_that_is_gone(self) -> None:
        self.assertIn("cannot be read", self.found(lambda bucket: bucket.objects.pop(self.CLICKS)))

    def test_a_file_that_no_manifest_names(self) -> None:
        found = self.found(lambda bucket: bucket.objects.update({"events/click/x.json.gz": b""}))
        self.assertIn("no manifest names it", found)

    def test_a_window_with_two_manifests(self) -> None:
        def double(bucket: world.Bucket) -> None:
            [key] = [key for key in bucket.keys() if key.startswith("_manifest")]
            bucket.objects["_manifest/dt=2026-11-24/0001-0000000001.json"] = bucket.objects[key]

        self.assertIn("window (1, 1) has two manifests", self.found(double))

    def test_a_window_that_is_missing(self) -> None:
        later = world.bucket([world.lines()[5]], window=3)
        self.assertIn(
            "window 3 of epoch 1 accounts for those from 3, not from 2",
            self.found(lambda bucket: bucket.objects.update(later.objects)),
        )

    def test_lines_in_quarantine(self) -> None:
        found = self.found(lambda bucket: bucket.objects.update({"_quarantine/x.ndjson": b""}))
        self.assertIn("lines were quarantined", found)


class OfTheWarehouse(unittest.TestCase):
    """Faults in the warehouse."""

    def found(self, change: Callable[[Warehouse], Any]) -> str:
        warehouse = world.warehouse()
        change(warehouse)
        return "\n".join(oracle.judge_warehouse(lake.read(world.bucket(world.lines())), warehouse))

    def test_a_sound_warehouse(self) -> None:
        self.assertEqual(self.found(lambda warehouse: None), "")

    def test_a_row_that_is_missing(self) -> None:
        for table in ("submissions", "receipts", "matches", "clicks", "inbound", "opt_outs", "messages"):
            with self.subTest(table):
                self.assertIn("is in the warehouse 0 times", self.found(lambda warehouse: warehouse[table].pop()))

    def test_a_row_that_is_there_twice(self) -> None:
        for table in ("submissions", "receipts", "clicks", "messages", "links"):
            with self.subTest(table):
                found = self.found(lambda warehouse: warehouse[table].append(dict(warehouse[table][0])))
                self.assertIn("is in the warehouse 2 times", found)

    def test_a_value_that_was_altered(self) -> None:
        found = self.found(lambda warehouse: warehouse["clicks"][0].update(verdict="bot"))
        self.assertIn("has verdict 'bot' in the warehouse, 'human' in the lake", found)
        found = self.found(lambda warehouse: warehouse["clicks"][0].update(occurred_at=1))
        self.assertIn("has occurred_at 1 in the warehouse", found)

    def test_a_receipt_that_is_still_parked(self) -> None:
        def park(warehouse: Warehouse) -> None:
            row = warehouse["receipts"].pop()
            warehouse["parked_receipts"].append(row | {"message_id": None})

        self.assertIn("the receipt r-2 is about message None in the warehouse, must be m-1", self.found(park))

    def test_a_status_that_is_wrong(self) -> None:
        found = self.found(lambda warehouse: warehouse["messages"][0].update(status="sent"))
        self.assertIn("message m1 has status 'sent', must be 'delivered'", found)

    def test_a_click_that_was_counted_twice(self) -> None:
        found = self.found(lambda warehouse: warehouse["messages"][0].update(clicks=2))
        self.assertIn("message m1 has clicks 2, must be 1", found)

    def test_a_bucket_that_does_not_add_up(self) -> None:
        for table in ("message_stats", "hourly_stats", "daily_stats"):
            with self.subTest(table):
                found = self.found(lambda warehouse: warehouse[table][0].update(delivered=2))
                self.assertIn(f"of {table} counts delivered 2, its messages come to 1", found)
                self.assertIn("counts messages 0", self.found(lambda warehouse: warehouse[table].clear()))

    def test_a_change_that_is_not_folded_yet(self) -> None:
        def unfold(warehouse: Warehouse) -> None:
            for table in ("message_stats", "hourly_stats", "daily_stats"):
                warehouse[table][0].update(clicks=3)
            warehouse["bucket_changes"].append(dict.fromkeys(warehouse["message_stats"][0], 0) | {
                name: warehouse["messages"][0][name]
                for name in ("bucket", "campaign", "campaign_type", "gateway", "sender", "country")
            } | {"clicks": -2})

        self.assertEqual(self.found(unfold), "")

        def twice(warehouse: Warehouse) -> None:
            unfold(warehouse)
            warehouse["bucket_changes"].append(warehouse["bucket_changes"][0])

        self.assertIn("of hourly_stats counts clicks -1, its messages come to 1", self.found(twice))

    def test_a_window_or_file_that_was_noted_twice(self) -> None:
        for table, words in (("loaded_windows", "was noted as loaded 2 times"), ("loaded_files", "loaded 2 times")):
            with self.subTest(table):
                found = self.found(lambda warehouse: warehouse[table].append(dict(warehouse[table][0])))
                self.assertIn(words, found)

    def test_a_file_that_was_loaded_in_part(self) -> None:
        found = self.found(lambda warehouse: warehouse["loaded_files"][0].update(loaded=0, quarantined=1))
        self.assertIn("and was noted with", found)

    def test_an_event_that_waits_for_a_message_that_came(self) -> None:
        found = self.found(lambda warehouse: warehouse["orphan_events"].append({"message_id": "m-1"}))
        self.assertIn("still waits for its message m-1", found)
