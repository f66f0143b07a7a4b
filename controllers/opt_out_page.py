from dataclasses import dataclass

from odoo.tools.i18n import format_list

from .public_page import look

# A recipient's choices: as often as there is news, or so many days apart.
INTERVALS = (0, 7, 30)
# So many lists are shown at most; an opt-out means all the same those it means.
MOST_LISTS = 50


@dataclass
class Choice:
    """What the page offers for a list, or for all lists of one name.

    :ivar standing: ``in``; ``out`` by this message, or ``gone`` by another way; ``waits`` where
        others put her on it and she has not confirmed yet
    :ivar interval: days between two mass emails; None where she has no subscription to keep it
    """

    lists: object
    name: str
    descriptions: list
    standing: str
    interval: int | None


class OptOutPage:
    """The opt-out page of one message: what stands, and what its recipient decides.

    :ivar lang: the language it is in
    :ivar company: whose mass email it was
    :ivar done: sentences that tell what was done just now
    """

    def __init__(self, trace):
        self.lang, self.company = look(trace)
        self.trace = trace.with_context(lang=self.lang)
        self.scope = self.trace._opt_out_scope()
        self.env = self.trace.env
        self.done = []

    # ------------------------------------------------------------
    # What stands
    # ------------------------------------------------------------

    @property
    def choices(self):
        """What the page offers, by the id of the (first) list it means."""
        trace, scope = self.trace, self.scope
        subscriptions = trace._subscriptions(None, scope.contacts)
        own = trace._own_opt_outs()[0].list_id
        left = subscriptions.filtered("opt_out") | subscriptions._remembered()
        lists = subscriptions.list_id | own | (trace.target_list_id & scope.lists)
        by_name = {}
        for each in lists.filtered("active").sorted(
            lambda each: (each not in scope.lists, each.id)
        ):
            name = each._name_for_recipients()
            if each.is_public or each in scope.lists:
                by_name.setdefault(name, self.env["mailing.list"])
                by_name[name] |= each
        choices = {}
        for name, same in list(by_name.items())[:MOST_LISTS]:
            here = subscriptions.filtered(lambda each, same=same: each.list_id in same)
            is_in = bool(here - left) if here else not (same & own or trace._has_left(scope, same))
            choices[same[0].id] = Choice(
                same,
                name or self.env._("This mailing"),
                [each.public_description for each in same if each.public_description],
                self._standing(is_in, same & own, here),
                max(here.mapped("interval_days"), default=None),
            )
        return choices

    @staticmethod
    def _standing(is_in, is_own, subscriptions):
        if is_in:
            return "in"
        if is_own:
            return "out"
        return "waits" if subscriptions and all(subscriptions.mapped("awaits_opt_in")) else "gone"

    def _names(self, choices):
        return format_list(self.env, [each.name for each in choices])

    def _of_mailing(self, choices):
        return [each for each in choices.values() if each.lists & self.scope.lists]

    def _addresses(self):
        """The recipient's addresses, so that she knows hers and nobody else learns it."""
        addresses = (each.rpartition("@") for each in self.scope.addresses)
        return [f"{local[:1]}***@{domain}" for local, _at, domain in addresses]

    def values(self):
        """Return what the page's template shows."""
        trace = self.trace
        scope = self.scope
        choices = self.choices
        of_mailing = self._of_mailing(choices)
        opt_outs, blacklisted = trace._own_opt_outs()
        return {
            "done": self.done,
            "addresses": format_list(self.env, self._addresses()),
            "is_test": trace.is_test_trace,
            "is_blocked": bool(trace._blacklist_entries(scope.addresses)),
            "is_entire": scope.is_entire,
            "opted_out": trace._is_opted_out(),
            "can_opt_in": bool(opt_outs or blacklisted),
            "names": self._names(of_mailing),
            "descriptions": [words for each in of_mailing for words in each.descriptions],
            "choices": choices,
            "intervals": self._intervals,
            "reasons": (opt_outs or blacklisted)
            and self.env["mailing.subscription.optout"].sudo().search([], limit=MOST_LISTS),
            "reason": opt_outs.reason_id[:1] or blacklisted.opt_out_reason_id[:1],
            "feedback": next((each.feedback for each in opt_outs if each.feedback), ""),
        }

    def _intervals(self, chosen):
        """The choices of a list, as pairs of days and words."""
        return [(days, self._interval_words(days)) for days in self._days(chosen)]

    @staticmethod
    def _days(chosen):
        return [0] if chosen is None else sorted({*INTERVALS, chosen})

    def _interval_words(self, days):
        if not days:
            return self.env._("As often as there is news")
        if days == 7:
            return self.env._("Not more than once a week")
        if days == 30:
            return self.env._("Not more than once a month")
        return self.env._("Not more than once in %s days", days)

    # ------------------------------------------------------------
    # What she decides
    # ------------------------------------------------------------

    def opt_out(self):
        """Leave the lists of this mailing."""
        was_blocked = self.trace._blacklist_entries(self.scope.addresses)
        choices = self.choices
        left = self._of_mailing(choices)
        self.trace._receive_opt_out()
        is_blocked = self.trace._blacklist_entries(self.scope.addresses)
        if is_blocked and not was_blocked:
            self._tell_blocked()
        else:
            self._tell_left(left)

    def opt_out_of_all(self):
        """Have no e-mail any more."""
        self.trace._receive_opt_out_of_all()
        self._tell_blocked()

    def opt_in(self):
        """Take back what this message's opt-out did."""
        before = {key for key, each in self.choices.items() if each.standing == "out"}
        self.trace._receive_opt_in()
        self._tell_back([each for key, each in self.choices.items() if key in before])

    def choose(self, answers):
        """Leave lists, come back to them, or hear less often of them.

        :param answers: days or ``none`` by the ids of the page's lists; whatever else is ignored
        """
        leaves, returns, intervals = [], [], {}
        for key, choice in self.choices.items():
            answer = answers.get(key)
            if answer == "none" and choice.standing == "in":
                leaves.append(choice)
            elif answer in map(str, self._days(choice.interval)) and choice.standing in (
                "in",
                "out",
            ):
                if choice.standing == "out":
                    returns.append(choice)
                if int(answer) != (choice.interval or 0):
                    intervals.setdefault(int(answer), []).append(choice)
        if leaves:
            self.trace._receive_opt_out(self._lists(leaves))
            self._tell_left(leaves)
        if returns:
            self.trace._receive_opt_in(self._lists(returns))
            self._tell_back(returns)
        for days, choices in intervals.items():
            self.trace._receive_interval(self._lists(choices), days)
            names = self._names(choices)
            words = self.env._(
                "%(lists)s: %(how_often)s", lists=names, how_often=self._interval_words(days)
            )
            self.done.append(words)
        if not self.done:
            self.done.append(self.env._("Nothing has changed."))

    def _lists(self, choices):
        return self.env["mailing.list"].union(*(each.lists for each in choices))

    def tell_why(self, reason, feedback):
        """Tell the reason of an opt-out.

        :param reason: id of a reason, as a text; whatever else is ignored
        """
        reasons = self.env["mailing.subscription.optout"].sudo().search([], limit=MOST_LISTS)
        reason = reasons.filtered(lambda each: str(each.id) == reason)
        if reason:
            self.trace._receive_reason(reason, feedback)
            self.done.append(self.env._("Thank you for telling us."))

    # ------------------------------------------------------------
    # What was done, in words
    # ------------------------------------------------------------

    def _tell_left(self, choices):
        names = self._names(choices) or self.env._("This mailing")
        self.done.append(self.env._("You have been unsubscribed from: %s", names))

    def _tell_back(self, choices):
        if choices:
            names = self._names(choices)
            self.done.append(self.env._("You are subscribed again to: %s", names))
        else:
            self.done.append(self.env._("You are subscribed again."))

    def _tell_blocked(self):
        words = self.env._(
            "%(company)s sends no mailing to %(addresses)s any more.",
            company=self.company.name,
            addresses=format_list(self.env, self._addresses()),
        )
        self.done.append(words)
