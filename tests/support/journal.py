"""What happened in a run, in the order in which the test saw it; the oracle judges it afterwards.

Kept in memory and, with a path, appended to a file line by line, so that a run that dies can still
be judged.
"""

import json
import time


class Journal:
    """Append-only records, each a dict with ``what`` and ``at``."""

    def __init__(self, path=None):
        self.records = []
        self._file = path.open("a", encoding="utf-8") if path else None

    def add(self, what, **facts):
        record = {"what": what, "at": round(time.time(), 4), **facts}
        self.records.append(record)
        if self._file:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()

    def submitted(self, op, body, audience, answer):
        """A submission and who should see it; ``answer`` None: nobody knows if it was accepted."""
        self.add(
            "submit",
            op=op,
            id=answer and answer["id"],
            revision=answer and answer.get("revision", 1),
            priority=body.get("priority", "normal"),
            audience=sorted(audience),
        )

    def of(self, what):
        return [record for record in self.records if record["what"] == what]

    def close(self):
        if self._file:
            self._file.close()
            self._file = None
