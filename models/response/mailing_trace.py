from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.urls import urljoin

from ...delivery.address import wire_address
from ...delivery.token import is_token


class MailingTrace(models.Model):
    """What recipients and their servers do with a message, found by the token in its links."""

    _inherit = "mailing.trace"

    # ------------------------------------------------------------
    # Links
    # ------------------------------------------------------------

    @api.model
    def _from_token(self, token):
        """Return the message a link belongs to; empty for unknown, forged and truncated tokens."""
        return self.search([("token", "=", token)]) if is_token(token) else self.browse()

    @api.model
    def _recipient_urls(self, token, links):
        """Return the URLs that ``delivery.placeholders`` fills into one recipient's letter."""
        base_url = self.env["ir.config_parameter"]._public_url()
        return {
            "opt-out": self._opt_out_url(token),
            "open": urljoin(base_url, f"/mailing/open/{token}.gif"),
            "view": urljoin(base_url, f"/mailing/view/{token}"),
        } | {
            f"link/{link.id}": urljoin(base_url, f"/mailing/click/{link.code}/{token}")
            for link in links
        }

    @api.model
    def _opt_out_url(self, token):
        return urljoin(self.env["ir.config_parameter"]._public_url(), f"/mailing/opt-out/{token}")

    # ------------------------------------------------------------
    # Log
    # ------------------------------------------------------------

    def _log_event(self, event_type, link=None, bounce_type=None):
        """Add one log line per message, in one statement; a line that stands already is kept.

        Raw SQL: a portion settles thousands of rows, and two openings at the same moment must not
        conflict. Rows of standard mailings have no token and are not logged.
        """
        if not self:
            return
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_trace_event (
                    event_type, event_datetime, trace_id, campaign_id, mailing_id, contact_id,
                    email, link_id, bounce_type, is_test
                )
                SELECT %(event_type)s, %(now)s, trace.id, mailing.campaign_id, mailing.id,
                       contact.id, trace.email, %(link_id)s, %(bounce_type)s,
                       COALESCE(trace.is_test_trace, FALSE)
                  FROM mailing_trace trace
                  LEFT JOIN mailing_mailing mailing
                    ON mailing.id = COALESCE(trace.mass_mailing_id, trace.test_mailing_id)
                  LEFT JOIN mailing_contact contact ON contact.id = trace.res_id
                 WHERE trace.id = ANY(%(ids)s) AND trace.token IS NOT NULL
                 ORDER BY trace.id
                ON CONFLICT DO NOTHING
                """,
                event_type=event_type,
                now=fields.Datetime.now(),
                link_id=link.id if link else None,
                bounce_type=bounce_type,
                ids=self.ids,
            )
        )
        self.env["mailing.trace.event"].invalidate_model()
        self.env["utm.campaign"].invalidate_model(["recent_event_ids"])

    # ------------------------------------------------------------
    # What can happen to a message: status, consequence, log line
    # ------------------------------------------------------------

    # Who is not mailed any more may have had a copy all the same, sent when nobody knew. That shows
    # in the log; her row stays as it is, for another may be mailed at her address by now.

    def set_opened(self, domain=None):
        return super(MailingTrace, self._that_are_mailed(domain)).set_opened()

    def set_replied(self, domain=None):
        return super(MailingTrace, self._that_are_mailed(domain)).set_replied()

    def set_bounced(self, domain=None, bounce_message=False):
        mailed = self._that_are_mailed(domain)
        return super(MailingTrace, mailed).set_bounced(bounce_message=bounce_message)

    def _that_are_mailed(self, domain):
        """Return these and those of a domain, but not who is cancelled in a mass email."""
        traces = self + self.search(domain) if domain else self
        members = traces.sudo().filtered(lambda trace: trace.token)
        return traces - members.filtered(lambda trace: trace.trace_status == "cancel")

    # Openings and clicks are in the room ``tracking``.

    def _receive_reply(self):
        """An answer came."""
        opened = self.filtered(lambda trace: trace._mass_email().open_tracking)
        opened.set_opened()
        opened._log_event("opened")
        self.set_replied()
        self._log_event("replied")

    def _receive_bounce(self, bounce_type, words):
        """The message came back."""
        self.set_bounced(bounce_message=words)
        self._log_event("bounced", bounce_type=bounce_type)

    def _receive_opt_out(self):
        """The recipient does not want the lists of this mass email any more.

        Where these lists are gone, all that she is in are meant. Where no list knows her, her
        address goes to the blacklist, so that adding it again does not bring it back. What she
        had left before stays as it is, and is not this message's to take back.
        """
        self.ensure_one()
        lists, contacts, addresses = self._opt_out_scope()
        memory = self.env["mailing.opt.out"].sudo()
        subscriptions = self._subscriptions(lists, contacts)
        is_known = subscriptions or memory._of(lists, contacts, addresses)
        staying = subscriptions.filtered(lambda each: not each.opt_out)
        is_news = memory._remember(lists, contacts, addresses, trace=self) or staying
        for address in addresses:
            lists._update_subscription_from_email(address, opt_out=True)
        staying.filtered(lambda each: not each.opt_out).opt_out = True
        mailing = self.mass_mailing_id or self.test_mailing_id
        if mailing.opt_out_entirely or not (is_known or self.is_test_trace):
            is_news = self._blacklist(addresses) or is_news
        if is_news:
            self._log_event("opted_out")

    def _receive_opt_in(self):
        """The recipient takes back what she opted out of by this message, and nothing else."""
        self.ensure_one()
        opt_outs, blacklisted = self._own_opt_outs()
        left = {(each.list_id, each.contact_id) for each in opt_outs}
        subscriptions = self._subscriptions(opt_outs.list_id, opt_outs.contact_id).filtered(
            lambda each: (each.list_id, each.contact_id) in left
        )
        subscriptions.with_context(opt_out_memory_is_settled=True).opt_out = False
        for entry in blacklisted:
            entry._remove(entry.email)
        if opt_outs or blacklisted:
            opt_outs.unlink()
            self._log_event("opted_in")

    def _mass_email(self):
        """Return the mass emails that these messages, or tests, are of."""
        return self.mass_mailing_id | self.test_mailing_id

    # ------------------------------------------------------------
    # Opt-out, by the state of now
    # ------------------------------------------------------------

    def _opt_out_scope(self):
        """Return the lists an opt-out means, and all contacts and addresses of the recipient."""
        # her contact may be merged into another, and the log knows into which
        log = self.env["mailing.trace.event"].search([("trace_id", "=", self.id)])
        contacts = self.contact_id | log.contact_id
        addresses = {wire_address(self.email or ""), *contacts.mapped("address")} - {None, False}
        contacts |= contacts.search([("address", "in", list(addresses))])
        mailing = (self.mass_mailing_id or self.test_mailing_id).with_context(active_test=False)
        lists = mailing.contact_list_ids
        # the list that brought her the letter may be none of the mass email's any more
        lists = lists | self.target_list_id if lists else contacts.subscription_ids.list_id
        return lists, contacts, sorted(addresses)

    def _subscriptions(self, lists, contacts):
        return self.env["mailing.subscription"].search(
            [("list_id", "in", lists.ids), ("contact_id", "in", contacts.ids)]
        )

    def _blacklist_entries(self, addresses):
        return self.env["mail.blacklist"].sudo().search([("address", "in", list(addresses))])

    def _blacklist(self, addresses):
        """Blacklist what is not yet, and return it."""
        missing = set(addresses) - set(self._blacklist_entries(addresses).mapped("address"))
        blacklist = self.env["mail.blacklist"].sudo()
        added = blacklist.concat(*(blacklist._add(address) for address in sorted(missing)))
        added.opt_out_trace_id = self
        return added

    def _own_opt_outs(self):
        """Return what holds of this message's opt-outs, of lists and of all mass emails."""
        memory, blacklist = self.env["mailing.opt.out"].sudo(), self.env["mail.blacklist"].sudo()
        return (
            memory.search([("trace_id", "=", self.id)]),
            blacklist.search([("opt_out_trace_id", "=", self.id)]),
        )

    def _can_opt_in(self):
        """Tell whether there is something that this message's recipient may take back."""
        return any(self._own_opt_outs())

    def _is_opted_out(self):
        """Tell whether the recipient has left the lists of this message, by whatever way."""
        self.ensure_one()
        lists, contacts, addresses = self._opt_out_scope()
        if self._blacklist_entries(addresses):
            return True
        subscriptions = self._subscriptions(lists, contacts)
        opted_out = subscriptions.filtered("opt_out") | subscriptions.sudo()._remembered()
        if subscriptions:
            return subscriptions == opted_out
        return bool(self.env["mailing.opt.out"].sudo()._of(lists, contacts, addresses))
