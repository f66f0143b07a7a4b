"""What a mail server took, beside what the database says."""

from collections import Counter

from . import console


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
