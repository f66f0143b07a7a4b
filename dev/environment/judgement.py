"""What a mail server took, beside what the database says."""

import json
from collections import Counter, defaultdict

from . import console

SENT = ("sent", "open", "reply")
WAITING = ("outgoing", "process")
# What the server has taken, whatever it said (see ``unruly.py``).
TAKEN = ("taken", "unsaid")
MOST_SHOWN = 5


class Account:
    """Who got how much of a mass email.

    :param rows: of the mass email, see ``Sending.rows``
    :param recipients: of what the server took, each as often as it did
    :ivar copies: messages by recipient, as far as they belong to the mass email
    :ivar others: messages by recipient of whatever else came
    """

    def __init__(self, rows, recipients):
        self.rows = rows
        members = {row["email"] for row in rows}
        taken = Counter(recipients)
        self.copies = Counter({each: taken[each] for each in taken.keys() & members})
        self.others = Counter({each: taken[each] for each in taken.keys() - members})

    def twice(self):
        return [address for address, count in self.copies.items() if count > 1]

    def unknown(self):
        return [row for row in self.rows if row["failure_type"] == "in_doubt"]

    def missed(self):
        """Rows of those who got nothing, and nobody has a doubt about it."""
        return [
            row
            for row in self.rows
            if row["failure_type"] != "in_doubt" and not self.copies[row["email"]]
        ]

    def tell(self):
        """Say how much was taken, and name what else came."""
        console.say(
            f"\n{len(self.rows)} recipients, {self.copies.total()} messages taken,"
            f" {len(self.unknown())} unknown"
        )
        if self.others:
            names = ", ".join(f"{address} ({count})" for address, count in self.others.items())
            console.say(f"not counted, of other senders in the database: {names}")


class Judgement:
    """A mass email that went through chaos.

    :ivar dict duplicates: what is wrong with whom: the server took it more than once,
    :ivar dict lost: it never did though it is shown as sent, or somebody has no outcome,
    :ivar dict wrong: or the status is another than the record's, or nothing may have been sent
    :ivar list unknown: rows in doubt
    :ivar int messages: how many the server took
    :ivar int beside: how many claims were made beside the sending
    """

    def __init__(self, sending, objections, record, recipients):
        self._record = defaultdict(list)
        for line in map(json.loads, record.read_text().splitlines()):
            self._record[line["recipient"]].append(line)
        self._claims = defaultdict(list)
        for claim in sending.claims():
            self._claims[claim["email"]].append(claim["at"])
        self._objections = objections
        self._account = Account(
            sending.rows(),
            (address for address, lines in self._record.items() for _line in _taken(lines)),
        )
        rows = self._account.rows
        self.messages = self._account.copies.total()
        self.unknown = self._account.unknown()
        self.beside = sending.claims_beside()
        self.duplicates = {each: self._how_twice(each) for each in self._account.twice()}
        self.lost = self._lost(recipients - len(rows))
        self.wrong = {row["email"]: why for row in rows if (why := self._contradiction(row))}
        self.wrong |= self._unwanted()

    def _how_twice(self, address):
        first, *_others, last = (line["at"] for line in _taken(self._record[address]))
        if any(first < claim < last for claim in self._claims[address]):
            return "back in the queue, after it was taken"
        return "in the hands of two runs"

    def _lost(self, without_row):
        lost = {f"member {n + 1} without a row": "no outcome" for n in range(without_row)}
        for row in self._account.rows:
            if row["trace_status"] in WAITING:
                lost[row["email"]] = "no outcome"
            elif row["trace_status"] in SENT and not self._account.copies[row["email"]]:
                lost[row["email"]] = f"never taken, but {row['trace_status']}"
        return lost

    def _contradiction(self, row):
        """Return what a row says against the record; None when they agree."""
        lines = self._record[row["email"]]
        status, failure = row["trace_status"], row["failure_type"]
        if any(line["verdict"] in ("unsaid", "dropped") for line in lines[:-1]):
            return "sent again, though nobody knew whether it was taken"
        if not (taken := _taken(lines)):
            return None
        if status == "cancel" or (status == "error" and failure not in ("in_doubt", "left")):
            return f"taken, but {status}: {failure}"
        if status in SENT and row["message_id"] not in [line["message_id"] for line in taken]:
            return "another message, not the one that was taken"
        return None

    def _unwanted(self):
        """What was claimed, and taken, behind an objection."""
        return {
            address: f"{kind}, {claim - at:.1f} s before the claim"
            for address, kind, at in self._objections
            for claim in self._claims[address]
            if claim > at and any(line["at"] > claim for line in _taken(self._record[address]))
        }

    def count(self):
        return {
            "messages": self.messages,
            "duplicates": len(self.duplicates),
            "lost": len(self.lost),
            "wrong": len(self.wrong),
            "unknown": len(self.unknown),
            "claims beside the sending": self.beside,
        }

    def tell(self, log):
        """Say what came of it; all about those with whom something is wrong goes to a log."""
        self._account.tell()
        for name in ("duplicates", "lost", "wrong"):
            _tell_faults(name, getattr(self, name))
        if history := [json.dumps(line) + "\n" for line in self._history()]:
            log.write_text("".join(history))
            console.say(f"what happened to each of them: {log}")

    def _history(self):
        rows = {row["email"]: row for row in self._account.rows}
        for address in {**self.duplicates, **self.lost, **self.wrong}:
            yield {
                "row": rows.get(address),
                "claims": self._claims[address],
                "record": self._record[address],
                "objections": [each for each in self._objections if each.email == address],
            }


def _tell_faults(name, faults):
    kinds = Counter(why.partition(",")[0] for why in faults.values())
    if faults:
        console.say(f"{name}: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()))
    for address, why in list(faults.items())[:MOST_SHOWN]:
        console.say(f"  {address}: {why}")


def _taken(lines):
    return [line for line in lines if line["verdict"] in TAKEN]
