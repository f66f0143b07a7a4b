from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.urls import urljoin

from ...delivery.token import is_token

# What a link needs to know of its message.
FETCHED = ["model", "res_id", "email", "mass_mailing_id", "test_mailing_id", "campaign_id"]
FETCHED += ["target_list_id", "is_test_trace"]


class MailingTrace(models.Model):
    """What recipients and their servers do with a message, found by the token in its links."""

    _inherit = "mailing.trace"

    # ------------------------------------------------------------
    # Links
    # ------------------------------------------------------------

    @api.model
    def _from_token(self, token):
        """Return the message a link belongs to; empty for unknown, forged and truncated tokens."""
        if not is_token(token):
            return self.browse()
        return self.search_fetch([("token", "=", token)], FETCHED, order="id")

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
        rows = self.env.execute_query(
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
                RETURNING id
                """,
                event_type=event_type,
                now=fields.Datetime.now(),
                link_id=link.id if link else None,
                bounce_type=bounce_type,
                ids=self.ids,
            )
        )
        lines = self.env["mailing.trace.event"].browse(line_id for (line_id,) in rows)
        lines.invalidate_model()
        self.env["utm.campaign"].invalidate_model(["recent_event_ids"])
        if lines:
            lines._after_event(event_type)

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

    def _log_opening(self):
        """Every sign of life is an opening, where openings are told."""
        if self.env["ir.config_parameter"]._mass_email_setting("open_tracking"):
            self._log_event("opened")
