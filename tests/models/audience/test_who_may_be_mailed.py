import random

from odoo.fields import Command

from .test_claim import ClaimCase

SEEDS = 8
STEPS = 30


class Person:
    """A target as the oracle knows it."""

    def __init__(self, address):
        self.address = address
        self.mailed_at = address
        self.ticks = {}  # {list: Opt Out is ticked}, of the lists she is in
        self.is_excluded = False
        self.is_archived = False
        self.waits = True


class Oracle:
    """Says in plain Python who may be mailed, and knows neither the database nor its statements.

    :ivar left: ``{(list, person or address): message by which she left, if by one}``
    :ivar blacklist: ``{address: message by which it got there, if by one}``
    """

    def __init__(self, people, lists):
        self.people = people
        self.lists = lists
        self.left = {}
        self.blacklist = {}

    def at(self, *addresses):
        return [person for person in self.people if person.address in addresses]

    def has_left(self, target_list, person):
        hers = {person, person.address, *self.at(person.address)}
        return any((target_list, each) in self.left for each in hers)

    def may_be_mailed(self, person):
        return (
            not person.is_archived
            and person.address not in self.blacklist
            and not any(each.is_excluded for each in [person, *self.at(person.address)])
            and any(
                not is_ticked and not self.has_left(target_list, person)
                for target_list, is_ticked in person.ticks.items()
            )
        )

    def mailed(self):
        return sorted({p.address for p in self.people if p.waits and self.may_be_mailed(p)})

    def leave(self, target_list, people, addresses, message=None):
        for each in (*people, *addresses):
            self.left.setdefault((target_list, each), message)
        for person in people:
            if target_list in person.ticks:
                person.ticks[target_list] = True

    def come_back(self, target_list, person):
        for each in (person, person.address, *self.at(person.address)):
            self.left.pop((target_list, each), None)

    def tick(self, target_list, person):
        self.leave(target_list, [person], [person.address])

    def untick(self, target_list, person):
        person.ticks[target_list] = False
        self.come_back(target_list, person)

    def add(self, target_list, person):
        if target_list not in person.ticks:
            person.ticks[target_list] = False
            if self.has_left(target_list, person):
                self.tick(target_list, person)

    def subscribe(self, target_list, address):
        people = self.at(address)
        for person in people:
            self.come_back(target_list, person)
        members = [person for person in people if target_list in person.ticks]
        for person in members or people[:1]:
            person.ticks[target_list] = False

    def opt_out_by_message(self, sender):
        addresses = {sender.mailed_at, sender.address}
        people = list({sender, *self.at(*addresses)})
        is_known = any(set(person.ticks) for person in people) or any(
            (target_list, each) in self.left
            for target_list in self.lists
            for each in (*people, *addresses)
        )
        for target_list in self.lists:
            self.leave(target_list, people, addresses, message=sender)
        if not is_known:
            for address in addresses:
                self.blacklist.setdefault(address, sender)

    def opt_in_by_message(self, sender):
        for (target_list, each), message in list(self.left.items()):
            if message is sender:
                del self.left[target_list, each]
                if isinstance(each, Person) and target_list in each.ticks:
                    each.ticks[target_list] = False
        self.blacklist = {a: m for a, m in self.blacklist.items() if m is not sender}

    def merge(self, gone, kept):
        for target_list in self.lists:
            if {(target_list, gone), (target_list, gone.address)} & self.left.keys():
                self.left.setdefault((target_list, kept), None)
        for (target_list, each), message in list(self.left.items()):
            if each is gone:
                self.left.setdefault((target_list, gone.address), message)
        for target_list, is_ticked in gone.ticks.items():
            kept.ticks[target_list] = is_ticked or kept.ticks.get(target_list, False)
        self.left = {key: message for key, message in self.left.items() if key[1] is not gone}
        self.people.remove(gone)
        kept.is_excluded |= gone.is_excluded
        kept.waits |= gone.waits
        for target_list, is_ticked in kept.ticks.items():
            if is_ticked or self.has_left(target_list, kept):
                self.tick(target_list, kept)


class TestWhoMayBeMailed(ClaimCase):
    """Anything may happen while a mass email waits; then exactly those are mailed who may be."""

    def setUp(self):
        super().setUp()
        self.second_list = self._list("Second")
        self.lists = self.target_list + self.second_list
        self.mailing = self._mass_email(contact_list_ids=[Command.set(self.lists.ids)])

    def begin(self, seed):
        self.random = random.Random(seed)
        self.addresses = [f"{seed}.{number}@example.com" for number in range(4)]
        addresses = [*self.addresses, *self.addresses[:2]]
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": address} for n, address in enumerate(addresses)]
        )
        contacts = self.env["mailing.contact"]._for_records(partners).sorted("name")
        people = [Person(address) for address in addresses]
        self.oracle = Oracle(people, list(self.lists))
        self.contacts = dict(zip(people, contacts, strict=True))
        for person, contact in self.contacts.items():
            lists = self.random.sample(list(self.lists), self.random.choice((1, 2)))
            for target_list in lists:
                target_list.contact_ids += contact
                self.oracle.add(target_list, person)
        earlier = self.mailing.copy()
        for mailing in (earlier, self.mailing):
            mailing._build_queue()
        self.messages = {
            person: earlier.mailing_trace_ids.filtered(
                lambda trace, contact=contact: trace.res_id == contact.id
            ).sudo()
            for person, contact in self.contacts.items()
        }
        self.env.invalidate_all()

    def subscription(self, person, target_list):
        return self.contacts[person].subscription_ids.filtered(
            lambda each: each.list_id == target_list
        )

    # ------------------------------------------------------------
    # What may happen: to the database, and as the oracle sees it
    # ------------------------------------------------------------

    def tick(self, person, target_list):
        if target_list in person.ticks:
            self.subscription(person, target_list).opt_out = True
            self.oracle.tick(target_list, person)

    def untick(self, person, target_list):
        if target_list in person.ticks:
            self.subscription(person, target_list).opt_out = False
            self.oracle.untick(target_list, person)

    def remove(self, person, target_list):
        target_list.contact_ids -= self.contacts[person]
        person.ticks.pop(target_list, None)

    def add(self, person, target_list):
        target_list.contact_ids += self.contacts[person]
        self.oracle.add(target_list, person)

    def leave_by_portal(self, person, target_list):
        target_list._update_subscription_from_email(person.address, opt_out=True)
        self.oracle.leave(target_list, self.oracle.at(person.address), [person.address])

    def subscribe_by_portal(self, person, target_list):
        target_list._update_subscription_from_email(person.address, opt_out=False)
        self.oracle.subscribe(target_list, person.address)

    def opt_out_by_message(self, person, _target_list):
        self.messages[person]._receive_opt_out()
        self.oracle.opt_out_by_message(person)

    def opt_in_by_message(self, person, _target_list):
        self.messages[person]._receive_opt_in()
        self.oracle.opt_in_by_message(person)

    def exclude(self, person, _target_list):
        self.excluding_list.contact_ids += self.contacts[person]
        person.is_excluded = True

    def include(self, person, _target_list):
        self.excluding_list.contact_ids -= self.contacts[person]
        person.is_excluded = False

    def archive(self, person, _target_list):
        person.is_archived = not person.is_archived
        self.contacts[person].partner_id.active = not person.is_archived

    def move(self, person, _target_list):
        person.address = self.random.choice(self.addresses)
        name = f"{person.address[0].upper()}{person.address[1:]}"
        self.contacts[person].partner_id.email = name

    def blacklist(self, person, _target_list):
        self.env["mail.blacklist"]._add(person.address)
        self.oracle.blacklist[person.address] = None

    def unblacklist(self, person, _target_list):
        self.env["mail.blacklist"]._remove(person.address)
        self.oracle.blacklist.pop(person.address, None)

    def archive_excluding_list(self, _person, _target_list):
        self.excluding_list.active = not self.excluding_list.active

    def merge(self, person, _target_list):
        others = [each for each in self.oracle.people if each is not person]
        gone = self.random.choice(others) if len(others) > 3 else person
        if gone is not person and not (gone.is_archived or person.is_archived):
            kept_partner = self.contacts[person].partner_id
            partners = kept_partner + self.contacts[gone].partner_id
            self.env["base.partner.merge.automatic.wizard"]._merge(partners.ids, kept_partner)
            self.oracle.merge(gone, person)

    HAPPENINGS = (
        *(tick, untick, remove, add, leave_by_portal, subscribe_by_portal),
        *(opt_out_by_message, opt_in_by_message, exclude, include, archive, move, move, move),
        *(blacklist, unblacklist, archive_excluding_list, merge),
    )

    def test_exactly_those_are_mailed_who_may_be_whatever_happens(self):
        for seed in range(SEEDS):
            history = []
            with self.subTest(seed=seed), self.env.cr.savepoint() as savepoint:
                self.begin(seed)
                for _step in range(STEPS):
                    happening = self.random.choice(self.HAPPENINGS)
                    person = self.random.choice(self.oracle.people)
                    target_list = self.random.choice(self.oracle.lists)
                    history.append((happening.__name__, person.address, target_list.name))
                    happening(self, person, target_list)
                    self.env.flush_all()
                    self.env.invalidate_all()
                    self.assertEqual(self.mailed(), self.oracle.mailed(), history)
                savepoint.rollback()
            self.env.invalidate_all(flush=False)

    def mailed(self):
        """The addresses that would be mailed now."""
        with self.env.cr.savepoint() as savepoint:
            addresses = list(self.claim(self.mailing).values())
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return sorted(addresses)
