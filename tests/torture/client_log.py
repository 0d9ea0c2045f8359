"""What clients sent and what they heard: the only truth that the oracle believes."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Fact:
    """One thing that a client told textrail, under a number of its own."""

    #: `message`, `submission`, `receipt`, `click`, `inbound` or `wish`.
    kind: str
    #: The client's own number, which stands somewhere in the log line.
    number: str
    #: Fields of the log line that the client knows, by name. `None` = must be absent.
    fields: dict[str, Any]
    #: Whether textrail said that it is recorded.
    acknowledged: bool = False
    #: A wish that changed nothing leaves no line, though it was heard: the fewest lines that there
    #: may be once it is acknowledged.
    at_least: int = 1
    #: And the most, acknowledged or not.
    at_most: int = 1
    #: Answers, or why there was none, one an attempt.
    heard: list[str] = field(default_factory=list)


class ClientLog:
    """A round's facts, kept in a file as they come, too."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        self.facts: list[Fact] = []
        #: Answers that textrail must never give: what is wrong with each.
        self.offences: list[str] = []
        #: Calls by status, or `none` where the connection broke.
        self.calls: dict[str, int] = {}

    def sent(self, fact: Fact) -> Fact:
        """Notes a fact before it is sent for the first time."""
        self.facts.append(fact)
        self._write({"sent": asdict(fact)})
        return fact

    def heard(self, fact: Fact, answer: str, acknowledged: bool, **learned: Any) -> None:
        """Notes an answer, or the lack of one, and fields that are known by it."""
        fact.heard.append(answer)
        fact.acknowledged |= acknowledged
        fact.fields.update(learned)
        self._write({"number": fact.number, "kind": fact.kind, "heard": answer,
                     "acknowledged": acknowledged, "learned": learned})

    def called(self, answer: str) -> None:
        """Counts a call by its answer."""
        self.calls[answer] = self.calls.get(answer, 0) + 1

    def offence(self, text: str) -> None:
        """Notes an answer that must not be."""
        self.offences.append(text)
        self._write({"offence": text})

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")
        self._file.flush()
