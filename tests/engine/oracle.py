# Spellings as people type them, and what stands on the wire: two are equal when that is.
ADDRESSES = {
    "anna@one.example": "anna@one.example",
    "Anna@One.example": "anna@one.example",
    "bob@one.example": "bob@one.example",
    "carl@two.example": "carl@two.example",
    "dora@münchen.example": "dora@xn--mnchen-3ya.example",
    "dora@xn--mnchen-3ya.example": "dora@xn--mnchen-3ya.example",
    "no address": None,
    "": None,
}


class Person:
    """A target as the oracle knows her."""

    def __init__(self, contact_id, email):
        self.contact_id = contact_id
        self.email = email
        self.ticks = {}  # {list: Opt Out is ticked}, of the lists she is in
        self.is_archived = False
        self.is_plain = False

    def __repr__(self):
        return f"<{self.contact_id} {self.email}>"

    @property
    def address(self):
        return ADDRESSES[self.email]

    @property
    def spelling(self):
        """Her address as Odoo stores it."""
        return self.email.lower()


class MassEmail:
    """Whom a mass email is meant for."""

    def __init__(self, target_lists, excluding_lists, opt_out_entirely=False, repeated=None):
        self.target_lists = set(target_lists)
        self.excluding_lists = set(excluding_lists)
        self.opt_out_entirely = opt_out_entirely
        self.repeated = repeated

    def replace(self, source, heir, is_complete):
        """A list was merged into another."""
        for lists in (self.target_lists, self.excluding_lists):
            if source in lists and not is_complete:
                lists ^= {source}
                lists |= {heir}
        if source in self.excluding_lists:
            self.excluding_lists.add(heir)


class Oracle:
    """Says in plain Python who may be mailed, and knows neither the database nor its statements.

    :ivar left: ``{(list, person or address): message by which she left, if by one}``
    :ivar blacklist: ``{spelling: message by which it got there, if by one}``
    :ivar dead: addresses that will never do
    :ivar heirs: ``{list: the one it was merged into}``
    """

    def __init__(self, lists, people):
        self.lists = set(lists)
        self.archived_lists = set()
        self.people = people
        self.left = {}
        self.blacklist = {}
        self.dead = set()
        self.heirs = {}

    def person(self, contact_id):
        return next((each for each in self.people if each.contact_id == contact_id), None)

    def at(self, *addresses):
        return [each for each in self.people if each.address and each.address in addresses]

    # ------------------------------------------------------------
    # Who may be mailed
    # ------------------------------------------------------------

    def may_be_mailed(self, mass_email, person):
        return (
            self._is_reachable(person)
            and not self._is_excluded(mass_email, person)
            and not self._left_repeated(mass_email, person)
            and self._stays(mass_email, person)
        )

    def may_be_tested(self, mass_email, person):
        """Who tests need not be on a list; who left one and is on no other does not want it."""
        has_left = any(
            self.has_left(each, person) or person.ticks.get(each)
            for each in mass_email.target_lists
        )
        return (
            self._is_reachable(person)
            and not self._left_repeated(mass_email, person)
            and (self._stays(mass_email, person) or not has_left)
        )

    def _is_reachable(self, person):
        return (
            person.address
            and person.address not in self.dead
            and not (person.is_archived or self.is_blacklisted(person.address))
        )

    def _is_excluded(self, mass_email, person):
        return any(
            each.ticks.keys() & mass_email.excluding_lists
            for each in (person, *self.at(person.address))
        )

    def _left_repeated(self, mass_email, person):
        lists = mass_email.repeated.target_lists if mass_email.repeated else set()
        return any(self.has_left(each, person) for each in self._with_heirs(lists))

    def _with_heirs(self, lists):
        return lists | {self.heirs[each] for each in lists if each in self.heirs}

    def _stays(self, mass_email, person):
        return any(
            not person.ticks.get(each, True) and not self.has_left(each, person)
            for each in mass_email.target_lists - self.archived_lists
        )

    def is_blacklisted(self, address):
        return any(ADDRESSES[spelling] == address for spelling in self.blacklist)

    def has_left(self, target_list, person):
        return any((target_list, each) in self.left for each in self._known_as(person))

    def _known_as(self, person):
        return {person, person.address, *self.at(person.address)}

    # ------------------------------------------------------------
    # What happens
    # ------------------------------------------------------------

    def leave(self, target_list, people, addresses, message=None):
        for each in {*people, *addresses} - {None}:
            self.left.setdefault((target_list, each), message)
        for person in people:
            if target_list in person.ticks:
                person.ticks[target_list] = True

    def tick(self, target_list, person):
        self.leave(target_list, [person], [person.address])

    def untick(self, target_list, person):
        person.ticks[target_list] = False
        self._come_back(target_list, person)

    def _come_back(self, target_list, person):
        for each in self._known_as(person):
            self.left.pop((target_list, each), None)

    def add(self, target_list, person):
        if target_list not in person.ticks:
            person.ticks[target_list] = False
            if self.has_left(target_list, person):
                self.tick(target_list, person)

    def subscribe(self, target_list, address):
        """She signs up by an address: whoever has it is back, who is in the list or the first."""
        people = self.at(address)
        self.left.pop((target_list, address), None)
        for person in people:
            self._come_back(target_list, person)
        # Odoo knows nothing of spellings: for each of them somebody is in the list afterwards
        for spelling in {person.spelling for person in people}:
            alike = [person for person in people if person.spelling == spelling]
            for person in [each for each in alike if target_list in each.ticks] or alike[:1]:
                person.ticks[target_list] = False

    def opt_out_by(self, message, mass_email, person, mailed_at, is_test, brought_by=None):
        addresses = {mailed_at, person and person.address} - {None}
        people = {*self.at(*addresses), *filter(None, [person])}
        lists = mass_email.target_lists and mass_email.target_lists | {brought_by} - {None}
        lists = self._with_heirs(lists) or {each for one in people for each in one.ticks}
        is_known = any(
            each in person.ticks or self.has_left(each, person)
            for person in people
            for each in lists
        ) or any((each, address) in self.left for address in addresses for each in lists)
        for each in lists:
            self.leave(each, people, addresses, message)
        # who tests is known anyway
        if mass_email.opt_out_entirely or not (is_known or is_test):
            self.blacklist_by(message, addresses)

    def complain_by(self, message, mass_email, person, mailed_at, is_test, brought_by=None):
        self.opt_out_by(message, mass_email, person, mailed_at, is_test, brought_by)
        self.blacklist_by(message, {mailed_at, person and person.address} - {None})

    def blacklist_by(self, message, addresses):
        for address in addresses:
            if not self.is_blacklisted(address):
                self.blacklist[address] = message

    def opt_in_by(self, message):
        for (target_list, each), by in list(self.left.items()):
            if by == message:
                del self.left[target_list, each]
                if isinstance(each, Person) and target_list in each.ticks:
                    each.ticks[target_list] = False
        self.blacklist = {each: by for each, by in self.blacklist.items() if by != message}

    def forget(self, person):
        self.people.remove(person)
        self.left = {key: by for key, by in self.left.items() if key[1] is not person}

    def lose_record(self, person, excluding):
        """Whom lists exclude, they exclude as before, for another may have her address."""
        excluded_by = person.ticks.keys() & excluding
        if not (person.address and excluded_by):
            self.forget(person)
            return
        person.ticks = {each: person.ticks[each] for each in excluded_by}
        person.is_archived, person.is_plain = False, True

    def merge(self, gone, kept):
        for each in self.lists:
            known_as = [(each, gone), (each, gone.address)]
            if messages := [self.left[key] for key in known_as if key in self.left]:
                # an opt-in takes back what all of it came by
                message = messages[0] if len(set(messages)) == 1 else None
                self.left.setdefault((each, kept), message)
        for each, is_ticked in gone.ticks.items():
            kept.ticks[each] = is_ticked or kept.ticks.get(each, False)
        self.forget(gone)
        for each, is_ticked in kept.ticks.items():
            if is_ticked or self.has_left(each, kept):
                self.tick(each, kept)
        kept.is_archived &= gone.is_archived
        kept.email = kept.email or gone.email

    def merge_lists(self, source, heir, joined):
        """Who is a member of one list becomes one of another, as she is.

        :param joined: ids of who is a member there by now
        """
        self._show_opt_outs(source)
        self._show_opt_outs(heir)
        staying = {person for person in self.people if person.ticks.get(heir) is False}
        stayed_at = {person.address for person in staying}
        for (target_list, each), message in list(self.left.items()):
            address = each.address if isinstance(each, Person) else each
            stayed = each in staying or (address and address in stayed_at)
            if target_list == source and not stayed:
                self.left.setdefault((heir, each), message)
        for person in [each for each in self.people if source in each.ticks]:
            if person.contact_id in joined:
                person.ticks.setdefault(heir, person.ticks[source])
            else:
                assert person.is_plain
                assert any(other.contact_id in joined for other in self.at(person.address))
        self._show_opt_outs(heir)

    def _show_opt_outs(self, target_list):
        for person in self.people:
            if person.ticks.get(target_list) is False and self.has_left(target_list, person):
                self.tick(target_list, person)

    def pass_on(self, source, heir):
        """Opt-outs by letters to a list mean another from now on, too."""
        for each, before in self.heirs.items():
            if before == source:
                self.heirs[each] = heir
        self.heirs[source] = heir

    def drop_list(self, target_list):
        self.lists.discard(target_list)
        self.heirs = {
            each: heir for each, heir in self.heirs.items() if target_list not in (each, heir)
        }
        for person in self.people:
            person.ticks.pop(target_list, None)
        self.left = {key: by for key, by in self.left.items() if key[0] != target_list}
