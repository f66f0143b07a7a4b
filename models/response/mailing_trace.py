from odoo import api, fields, models
from odoo.tools import SQL, email_normalize
from odoo.tools.urls import urljoin

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
        base_url = self.get_base_url()
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
        return urljoin(self.get_base_url(), f"/mailing/opt-out/{token}")

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

    def _receive_open(self):
        """The open pixel was fetched."""
        self.set_opened()
        self._log_opening()

    def _receive_click(self, code, **route_values):
        """A tracking URL was followed by who has this message's token.

        Odoo counts the click, which opens and clicks the message.
        """
        clicks = self.env["link.tracker.click"].with_context(mailing_token_shown=True)
        click = clicks.add_click(code, mailing_trace_id=self.id, **route_values)
        self._log_opening()
        self._log_event("clicked", link=click.link_id)

    def _receive_reply(self):
        """An answer came."""
        self.set_opened()
        self.set_replied()
        self._log_opening()
        self._log_event("replied")

    def _receive_bounce(self, bounce_type, words):
        """The message came back."""
        self.set_bounced(bounce_message=words)
        self._log_event("bounced", bounce_type=bounce_type)

    def _receive_opt_out(self):
        """The recipient does not want the lists of this mass email any more.

        Where the mass email is gone, the lists are not known any more: all of the recipient's are
        meant. Where no list knows the address, it goes to the blacklist, so that adding it again
        does not bring it back.
        """
        self._set_opt_out(True)

    def _receive_opt_in(self):
        """The recipient takes the opt-out back."""
        self._set_opt_out(False)

    def _log_opening(self):
        """Every sign of life is an opening, where openings are told."""
        if self.env["ir.config_parameter"]._mass_email_setting("open_tracking"):
            self._log_event("opened")

    def _is_opted_out(self):
        """Tell whether this message's recipient opted out by it and did not come back."""
        self.ensure_one()
        last = self.env["mailing.trace.event"].search(
            [("trace_id", "=", self.id), ("event_type", "in", ("opted_out", "opted_in"))],
            order="id DESC",
            limit=1,
        )
        return last.event_type == "opted_out"

    def _set_opt_out(self, opt_out):
        self.ensure_one()
        if self._is_opted_out() == opt_out:
            return
        address = email_normalize(self.email)
        mailing = self.mass_mailing_id or self.test_mailing_id
        subscriptions = self.env["mailing.subscription"].search(
            [("contact_id.email_normalized", "=", address)]
        )
        lists = subscriptions.list_id
        if mailing:
            lists &= mailing.contact_list_ids
        lists._update_subscription_from_email(address, opt_out=opt_out)
        blacklist = self.env["mail.blacklist"]
        if mailing.opt_out_entirely or not (lists or self.is_test_trace):
            blacklist._add(address) if opt_out else blacklist._remove(address)
        self._log_event("opted_out" if opt_out else "opted_in")
