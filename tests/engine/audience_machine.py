from contextlib import ExitStack, suppress

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from odoo.exceptions import UserError
from odoo.fields import Command

from .oracle import ADDRESSES, MassEmail, Oracle, Person

LISTS = ("customers", "friends", "competitors")
LIST = st.sampled_from(LISTS)
EMAIL = st.sampled_from(sorted(ADDRESSES))
ADDRESS = st.sampled_from(sorted(filter(ADDRESSES.get, ADDRESSES)))
PERSON = st.runner().flatmap(lambda machine: st.sampled_from(machine.oracle.people))
MOST_PEOPLE, FEWEST_PEOPLE = 8, 3
FIRST_EMAILS = [*sorted(filter(ADDRESSES.get, ADDRESSES)), ""]


def memberships(lists, fewest=0):
    """In which of some lists each of the first people is."""
    people = len(FIRST_EMAILS)
    in_lists = st.sets(st.sampled_from(lists), min_size=fewest)
    return st.lists(in_lists, min_size=people, max_size=people)


def play(machine, examples, steps):
    """Play a machine so often, so long.

    Hypothesis begins with next to nothing, and goes on with what is like the one before: many short
    hunts see more than a long one.

    :param machine: makes one
    """
    for _example in range(examples):
        run_state_machine_as_test(
            machine,
            settings=settings(
                deadline=None,
                phases=set(Phase) - {Phase.explain},
                max_examples=2,
                stateful_step_count=steps,
                suppress_health_check=list(HealthCheck),
            ),
        )


class AudienceMachine(RuleBasedStateMachine):
    """What people and colleagues do, each to the database and as the oracle sees it.

    An example happens in an environment of its own that may commit; it is rolled back.

    :param case: a test case with the data of ``prepare``
    """

    @classmethod
    def prepare(cls, case):
        """Create what every example begins with."""
        case.lists = dict(zip(LISTS, map(case._list, LISTS), strict=True))
        case.mass_emails = {
            "news": MassEmail(["customers", "friends"], ["competitors"]),
            "offer": MassEmail(["friends"], ["competitors"], opt_out_entirely=True),
        }
        news = case.mass_emails["news"]
        case.mass_emails["again"] = MassEmail(["friends"], ["competitors"], repeated=news)
        case.mailings = {
            name: case._mass_email(
                contact_list_ids=[Command.set([case.lists[n].id for n in each.target_lists])],
                excluding_list_ids=[Command.set([case.lists[n].id for n in each.excluding_lists])],
                opt_out_entirely=each.opt_out_entirely,
            )
            for name, each in case.mass_emails.items()
        }
        case.mailings["again"].repeated_id = case.mailings["news"]
        partners = case.env["res.partner"].create(
            [{"name": f"P{n}", "email": email} for n, email in enumerate(FIRST_EMAILS)]
        )
        case.contacts = case.env["mailing.contact"]._for_records(partners).sorted("name")

    def __init__(self, case):
        super().__init__()
        self._stack = ExitStack()
        savepoint = self._stack.enter_context(case.env.cr.savepoint())
        self._stack.callback(savepoint.rollback)
        self._stack.callback(case.env.invalidate_all, flush=False)
        self._stack.enter_context(case.enter_registry_test_mode())
        cr = case.registry.cursor()
        self._stack.callback(cr.close)
        self.env = case.env(cr=cr)
        self._ids = {name: each.id for name, each in {**case.lists, **case.mailings}.items()}
        emails = zip(case.contacts.ids, FIRST_EMAILS, strict=True)
        self.oracle = Oracle(LISTS, [Person(*each) for each in emails])
        self.mass_emails = {
            name: MassEmail(**vars(each)) for name, each in case.mass_emails.items()
        }
        self.mass_emails["again"].repeated = self.mass_emails["news"]

    def teardown(self):
        self._stack.close()

    def list(self, name):
        return self.env["mailing.list"].browse(self._ids[name])

    def mailing(self, name):
        return self.env["mailing.mailing"].browse(self._ids[name])

    def contact(self, person):
        return self.env["mailing.contact"].browse(person.contact_id)

    def recipient(self, trace):
        """Whose message it is by now: the log knows into whom she was merged."""
        lines = self.env["mailing.trace.event"].search([("trace_id", "=", trace.id)])
        known = (trace.res_id, *lines.contact_id.ids)
        return next(filter(None, map(self.oracle.person, known)), None)

    def brought_by(self, trace):
        """The list that brought her the letter."""
        ids = {self._ids[name]: name for name in self.oracle.lists}
        return ids.get(trace.target_list_id.id)

    def decide_by_message(self, trace, name, is_test, opts_out):
        """She opts out by a message of a mass email, or takes that back."""
        if opts_out:
            mass_email, person = self.mass_emails[name], self.recipient(trace)
            self.oracle.opt_out_by(
                trace.id, mass_email, person, trace.email, is_test, self.brought_by(trace)
            )
            trace._receive_opt_out()
        else:
            self.oracle.opt_in_by(trace.id)
            trace._receive_opt_in()

    def fill(self, memberships):
        """Let the first people be in their lists."""
        for person, lists in zip(self.oracle.people, memberships, strict=True):
            for target_list in sorted(lists):
                self.add(person, target_list)

    def has(self, target_list):
        return target_list in self.oracle.lists

    # ------------------------------------------------------------
    # Members
    # ------------------------------------------------------------

    @rule(person=PERSON, target_list=LIST)
    def add(self, person, target_list):
        if self.has(target_list):
            self.list(target_list).contact_ids += self.contact(person)
            self.oracle.add(target_list, person)

    @rule(person=PERSON, target_list=LIST)
    def remove(self, person, target_list):
        self.list(target_list).exists().contact_ids -= self.contact(person)
        person.ticks.pop(target_list, None)

    @rule(email=EMAIL, target_list=LIST)
    def add_newcomer(self, email, target_list):
        if len(self.oracle.people) < MOST_PEOPLE and self.has(target_list):
            contact = self.env["mailing.contact"].create(
                {
                    "name": f"Q{self.oracle.people[-1].contact_id}",
                    "email": email,
                    "list_ids": [Command.link(self._ids[target_list])],
                }
            )
            person = Person(contact.id, email)
            person.is_plain = True
            self.oracle.people.append(person)
            self.oracle.add(target_list, person)

    @rule(target_list=LIST)
    def archive_list(self, target_list):
        if self.has(target_list):
            record = self.list(target_list)
            with suppress(UserError):  # it is used
                record.active = not record.active
                self.oracle.archived_lists ^= {target_list}

    @rule(target_list=LIST)
    def delete_list(self, target_list):
        with suppress(UserError):  # it is used
            self.list(target_list).exists().unlink()
            self.oracle.drop_list(target_list)
            for mass_email in self.mass_emails.values():
                mass_email.target_lists -= {target_list}
                mass_email.excluding_lists -= {target_list}

    @rule(source=LIST, heir=LIST, is_archived=st.booleans())
    def merge_lists(self, source, heir, is_archived):
        if source != heir and self.has(source) and self.has(heir):
            self.list(heir).action_merge(self.list(source), is_archived)
            # of plain targets of one address any comes along
            joined = set(self.list(heir).subscription_ids.contact_id.ids)
            self.oracle.merge_lists(source, heir, joined)
            if is_archived:
                self.oracle.archived_lists.add(source)
                self.oracle.pass_on(source, heir)
                for name, mass_email in self.mass_emails.items():
                    is_complete = self.mailing(name).state == "done"
                    mass_email.replace(source, heir, is_complete)

    # ------------------------------------------------------------
    # Opt-outs
    # ------------------------------------------------------------

    @rule(person=PERSON, target_list=LIST, opts_out=st.booleans())
    def tick(self, person, target_list, opts_out):
        if target_list in person.ticks:
            subscription = self.contact(person).subscription_ids.filtered(
                lambda each: each.list_id.id == self._ids[target_list]
            )
            subscription.opt_out = opts_out
            (self.oracle.tick if opts_out else self.oracle.untick)(target_list, person)

    @rule(address=ADDRESS, target_list=LIST)
    def leave_by_portal(self, address, target_list):
        if self.has(target_list):
            self.list(target_list)._update_subscription_from_email(address, opt_out=True)
            address = ADDRESSES[address]
            self.oracle.leave(target_list, self.oracle.at(address), [address])

    @rule(address=ADDRESS, target_list=LIST)
    def subscribe_by_portal(self, address, target_list):
        if self.has(target_list):
            self.list(target_list)._update_subscription_from_email(address, opt_out=False)
            self.oracle.subscribe(target_list, ADDRESSES[address])

    @rule(address=ADDRESS)
    def blacklist(self, address):
        self.env["mail.blacklist"]._add(address)
        self.oracle.blacklist[address.lower()] = None

    @rule(address=ADDRESS)
    def unblacklist(self, address):
        self.env["mail.blacklist"]._remove(address)
        self.oracle.blacklist.pop(address.lower(), None)

    # ------------------------------------------------------------
    # People
    # ------------------------------------------------------------

    @rule(person=PERSON)
    def archive(self, person):
        if partner := self.contact(person).partner_id:
            person.is_archived = not person.is_archived
            partner.active = not person.is_archived

    @rule(person=PERSON, email=EMAIL)
    def move(self, person, email):
        contact = self.contact(person)
        (contact.partner_id or contact).email = email
        person.email = email

    @rule(person=PERSON, with_partner=st.booleans())
    def delete(self, person, with_partner):
        if len(self.oracle.people) > FEWEST_PEOPLE:
            contact = self.contact(person)
            if with_partner and contact.partner_id:
                contact.partner_id.unlink()
                excluding = [each.excluding_lists for each in self.mass_emails.values()]
                self.oracle.lose_record(person, set().union(*excluding))
            else:
                contact.unlink()
                self.oracle.forget(person)

    @rule(gone=PERSON, kept=PERSON)
    def merge(self, gone, kept):
        partner = self.contact(kept).partner_id
        partners = self.contact(gone).partner_id | partner
        if partner and len(partners) > 1 and len(self.oracle.people) > FEWEST_PEOPLE:
            self.env["base.partner.merge.automatic.wizard"]._merge(partners.ids, partner)
            self.oracle.merge(gone, kept)
