from collections import namedtuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, mute_logger

from ...delivery.address import wire_address

# Whom and what an opt-out means: the lists of the mass email, all contacts and addresses of the
# recipient, whether it means all mass emails, and whether there is none to be had.
Scope = namedtuple("Scope", "lists contacts addresses is_entire is_refused")


class MailingTrace(models.Model):
    """What a recipient decides by the link in her letter, judged by what the lists say now."""

    _inherit = "mailing.trace"

    # ------------------------------------------------------------
    # What she decides: consequence, log line
    # ------------------------------------------------------------

    def _receive_opt_out(self, lists=None):
        """The recipient does not want the lists of this mass email any more.

        Where these lists are gone, all that she is in are meant. Where no list knows her, her
        address goes to the blacklist, so that adding it again does not bring it back. What she
        had left before stays as it is, and is not this message's to take back.

        :param lists: these alone
        :return: the lists that she has left by now; None when there is no opt-out to be had
        """
        scope = self._opt_out_scope()
        if scope.is_refused:
            return None
        is_whole, lists = lists is None, scope.lists if lists is None else lists
        memory = self.env["mailing.opt.out"].sudo()
        subscriptions = self._subscriptions(lists, scope.contacts)
        is_known = subscriptions or memory._of(lists, scope.contacts, scope.addresses)
        staying = subscriptions.filtered(lambda each: not each.opt_out)
        is_news = memory._remember(lists, scope.contacts, scope.addresses, trace=self) or staying
        staying.with_context(opt_out_memory_is_settled=True).opt_out = True
        if is_whole and (scope.is_entire or not (is_known or self.is_test_trace)):
            is_news = self._blacklist(scope.addresses) or is_news
        if is_news:
            self._log_event("opted_out")
        return lists

    def _receive_opt_out_of_all(self):
        """The recipient wants no mass email any more, of whatever list."""
        scope = self._opt_out_scope()
        if not scope.is_refused and self._blacklist(scope.addresses):
            self._log_event("opted_out")

    def _receive_opt_in(self, lists=None):
        """The recipient takes back what she opted out of by this message, and nothing else.

        :param lists: these alone
        """
        self.ensure_one()
        opt_outs, blacklisted = self._own_opt_outs()
        if lists is not None:
            opt_outs = opt_outs.filtered(lambda each: each.list_id in lists)
            blacklisted = blacklisted.browse()
        left = {(each.list_id, each.contact_id) for each in opt_outs}
        subscriptions = self._subscriptions(opt_outs.list_id, opt_outs.contact_id).filtered(
            lambda each: (each.list_id, each.contact_id) in left
        )
        subscriptions.with_context(opt_out_memory_is_settled=True).opt_out = False
        for entry in blacklisted:
            entry._remove(entry.email)
        if opt_outs or blacklisted:
            opt_outs._take_back()
            self._log_event("opted_in")

    def _receive_interval(self, lists, days):
        """The recipient wants to hear of some lists not more often than every so many days."""
        subscriptions = self._subscriptions(lists, self._opt_out_scope().contacts)
        subscriptions.filtered(lambda each: each.interval_days != days).interval_days = days

    def _receive_reason(self, reason, feedback):
        """The recipient tells why she opted out by this message.

        :param feedback: her own words, kept where the reason asks for them
        """
        opt_outs, blacklisted = self._own_opt_outs()
        if not reason or not (opt_outs or blacklisted):
            return
        feedback = reason.is_feedback and feedback
        opt_outs.write({"reason_id": reason.id, "feedback": feedback})
        left = self._subscriptions(opt_outs.list_id, opt_outs.contact_id).filtered("opt_out")
        left.with_context(opt_out_memory_is_settled=True).opt_out_reason_id = reason
        blacklisted.opt_out_reason_id = reason
        for record in (*(left.contact_id if feedback else ()), *(blacklisted if feedback else ())):
            record._message_log(body=self._note_of_words(feedback))

    @api.model
    def _note_of_words(self, feedback):
        return self.env._("Opted out: %s", feedback)

    # ------------------------------------------------------------
    # By the state of now
    # ------------------------------------------------------------

    def _opt_out_scope(self):
        """Return whom and what an opt-out by this message means, as a ``Scope``.

        Raw SQL: one statement, for mail programs opt out thousands at once. Her contact may be
        merged into another, and the log knows into which. The list that brought her the letter
        may be none of the mass email's any more, or be merged into another.
        """
        self.ensure_one()
        self.env.flush_all()
        [row] = self.env.execute_query(
            SQL(
                """
                WITH known AS (
                    SELECT id, address FROM mailing_contact
                     WHERE id IN (
                        SELECT %(contact)s::int
                         UNION
                        SELECT contact_id FROM mailing_trace_event WHERE trace_id = %(trace)s)
                ), address AS (
                    SELECT address FROM known WHERE address IS NOT NULL
                     UNION
                    SELECT %(mailed)s::varchar WHERE %(mailed)s::varchar IS NOT NULL
                ), her AS (
                    SELECT id FROM known
                     UNION
                    SELECT id FROM mailing_contact JOIN address USING (address)
                ), named AS (
                    SELECT mailing_list_id AS id FROM mail_mass_mailing_list_rel
                     WHERE mailing_mailing_id = %(mailing)s
                ), target AS (
                    SELECT id, heir_id FROM mailing_list
                     WHERE id IN (SELECT id FROM named)
                        OR id = %(target_list)s AND EXISTS (SELECT FROM named)
                ), meant AS (
                    SELECT id FROM target
                     UNION
                    SELECT heir_id FROM target WHERE heir_id IS NOT NULL
                     UNION
                    SELECT list_id FROM mailing_subscription
                     WHERE contact_id IN (SELECT id FROM her) AND NOT EXISTS (SELECT FROM target)
                )
                SELECT ARRAY(SELECT id FROM meant ORDER BY id),
                       ARRAY(SELECT id FROM her ORDER BY id),
                       ARRAY(SELECT address FROM address ORDER BY address),
                       (SELECT opt_out_entirely FROM mailing_mailing WHERE id = %(mailing)s),
                       (SELECT campaign_type FROM utm_campaign WHERE id = COALESCE(
                            (SELECT campaign_id FROM mailing_mailing WHERE id = %(mailing)s),
                            %(campaign)s))
                """,
                trace=self.id,
                contact=self.res_id if self.model == "mailing.contact" else None,
                mailed=wire_address(self.email or ""),
                mailing=(self.mass_mailing_id or self.test_mailing_id).id or None,
                target_list=self.target_list_id.id or None,
                campaign=self.campaign_id.id or None,
            )
        )
        list_ids, contact_ids, addresses, is_entire, campaign_type = row
        return Scope(
            self.env["mailing.list"].browse(list_ids),
            self.env["mailing.contact"].browse(contact_ids),
            addresses,
            bool(is_entire),
            campaign_type == "informational",
        )

    def _subscriptions(self, lists, contacts):
        """Return the subscriptions of contacts to some lists, or to whatever list."""
        of_her = Domain("contact_id", "in", contacts.ids)
        if lists is not None:
            of_her &= Domain("list_id", "in", lists.ids)
        names = ["list_id", "contact_id", "opt_out", "interval_days"]
        return self.env["mailing.subscription"].search_fetch(of_her, names, order="id")

    def _blacklist_entries(self, addresses):
        return self.env["mail.blacklist"].sudo().search([("address", "in", list(addresses))])

    def _blacklist(self, addresses):
        """Blacklist what is not yet, and return it."""
        missing = set(addresses) - set(self._blacklist_entries(addresses).mapped("address"))
        blacklist = self.env["mail.blacklist"].sudo()
        # nothing of addresses gets into the server's log when two blacklist the same
        with mute_logger("odoo.sql_db"):
            added = blacklist.concat(*(blacklist._add(address) for address in sorted(missing)))
            added.flush_recordset()
        added.opt_out_trace_id = self
        return added

    def _own_opt_outs(self):
        """Return what holds of this message's opt-outs, of lists and of all mass emails."""
        memory, blacklist = self.env["mailing.opt.out"].sudo(), self.env["mail.blacklist"].sudo()
        return (
            memory.search([("trace_id", "=", self.id)]),
            blacklist.search([("opt_out_trace_id", "=", self.id)]),
        )

    def _is_opted_out(self):
        """Tell whether the recipient has left the lists of this message, by whatever way."""
        scope = self._opt_out_scope()
        return bool(self._blacklist_entries(scope.addresses)) or self._has_left(scope, scope.lists)

    def _has_left(self, scope, lists):
        """Tell whether the recipient has left some lists, by whatever way."""
        subscriptions = self._subscriptions(lists, scope.contacts)
        if subscriptions:
            opted_out = subscriptions.filtered("opt_out") | subscriptions.sudo()._remembered()
            return subscriptions == opted_out
        memory = self.env["mailing.opt.out"].sudo()
        return bool(memory._of(lists, scope.contacts, scope.addresses))
