"""Recipients and users who change their minds while a mass email is sent."""

import http.client
import time
import urllib.request
from collections import Counter, namedtuple

from .main_job import Odoo

ANSWER_SECONDS = 15
# Whoever must not be mailed any more, why, and since when that was confirmed.
Objection = namedtuple("Objection", "email kind at")


class Office:
    """What they do, at a server that does not send.

    :param earlier: mass email that everybody has, by whose links they opt out
    :ivar list objections: what was confirmed, as Objection
    :ivar Counter count: the same by kind
    """

    def __init__(self, url, database, earlier, target_list, excluding_list):
        self.url = url
        self.odoo = Odoo(url, database, timeout=ANSWER_SECONDS)
        self.earlier = earlier
        self.target_list = target_list
        self.excluding_list = excluding_list
        self.objections = []
        self.count = Counter()
        self._touched = {0}
        self._kinds = {
            "opted out": self._opt_out,
            "moved": self._move,
            "removed": self._remove,
            "deleted": self._delete,
            "blacklisted": self._blacklist,
        }

    def somebody(self, sending):
        """Return one who waits and was left alone so far; None when there is nobody."""
        touched = ", ".join(map(str, self._touched))
        people = sending.read(
            "SELECT trace.email, earlier.token, contact.id, contact.partner_id"
            "  FROM mailing_trace trace JOIN mailing_contact contact ON contact.id = trace.res_id"
            f" JOIN mailing_trace earlier ON earlier.mass_mailing_id = {self.earlier}"
            "   AND earlier.res_id = contact.id"
            f" WHERE trace.mass_mailing_id = {sending.mailing}"
            "   AND trace.trace_status IN ('outgoing', 'process')"
            f"  AND contact.id NOT IN ({touched})"
            " ORDER BY random() LIMIT 1"
        )
        return people[0] if people else None

    def change(self, person, chance):
        """Do something with somebody; what is not confirmed may have happened or not."""
        self._touched.add(person["id"])
        kind = "archived" if person["partner_id"] else chance.choice(list(self._kinds))
        try:
            self._kinds.get(kind, self._archive)(person)
        except (OSError, http.client.HTTPException, RuntimeError, ValueError):
            self.count["not confirmed"] += 1
            return
        self.objections.append(Objection(person["email"], kind, time.time()))
        self.count[kind] += 1

    def _opt_out(self, person):
        url = f"{self.url}/mailing/opt-out/{person['token']}"
        with urllib.request.urlopen(url, data=b"", timeout=ANSWER_SECONDS) as answer:
            answer.read()

    def _move(self, person):
        self._write(person, [(3, self.target_list), (4, self.excluding_list)])

    def _remove(self, person):
        self._write(person, [(3, self.target_list)])

    def _write(self, person, list_ids):
        self.odoo.call("mailing.contact", "write", [person["id"]], {"list_ids": list_ids})

    def _delete(self, person):
        self.odoo.call("mailing.contact", "unlink", [person["id"]])

    def _blacklist(self, person):
        self.odoo.call("mail.blacklist", "create", [{"email": person["email"]}])

    def _archive(self, person):
        self.odoo.call("res.partner", "action_archive", [person["partner_id"]])
