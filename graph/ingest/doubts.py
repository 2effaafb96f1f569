"""Questions that are open about how a file is read, as data."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Doubt:
    """One open question about a file.

    topic       what it is about: "direction", "date", "currency", "account", ...
    text        the question, and how it was decided, as a sentence
    option      the command's option that decides it ("" where none does)
    values      the option's values for the reading that was chosen and for the other
    confidence  of the reading that was chosen, from 0 to 1
    blocking    whether nothing is imported until somebody decides
    """

    topic: str
    text: str
    option: str = ""
    values: tuple[str, ...] = ()
    confidence: float = 0.5
    blocking: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "topic": self.topic,
            "text": self.text,
            "option": self.option,
            "values": list(self.values),
            "confidence": round(self.confidence, 2),
            "blocking": self.blocking,
        }
