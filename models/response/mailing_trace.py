from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize, hmac
from odoo.tools.urls import urljoin

from ...delivery.address import wire_address
from ...delivery.bounce import Kind
from ...delivery.reference import References
from ...delivery.token import is_token, token_in
from ...engine.turns import retried

# What a link needs to know of its message.
FETCHED = ["model", "res_id", "email", "mass_mailing_id", "test_mailing_id", "campaign_id"]
FETCHED += ["target_list_id", "is_test_trace", "trace_status"]


class MailingTrace(models.Model):
    """What recipients and their servers do with a message, found by the token in its links."""

    _inherit = "mailing.trace"

    # ------------------------------------------------------------
    # Links
    # ------------------------------------------------------------

    @api.model
    def _from_token(self, token):
        """Return the message a link belongs to; empty for unknown, forged and truncated tokens."""
        token = token_in(token)
        if not is_token(token):
            return self.browse()
        return self.search_fetch([("token", "=", token)], FETCHED, order="id")

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

    def _log_event(self, event_type, link=None, bounce_type=None, words=None):
        """Add one log line per message, in one statement; a line that stands already is kept.

        A message of which something came back was sent, whatever was known of that.

        :return: how many lines are new
        """
        if not self:
            return 0
        self.flush_recordset()
        messages = SQL("(SELECT * FROM mailing_trace WHERE id = ANY(%s))", self.ids)
        rows = self.env.execute_query(
            self._logging(event_type, messages, link, bounce_type, words or None)
        )
        lines = self.env["mailing.trace.event"].browse(line_id for line_id, *_more in rows)
        lines.invalidate_model()
        if unsent := [trace_id for _line_id, trace_id, is_sent in rows if not is_sent]:
            self._settle_what_came_back(SQL("trace.id = ANY(%s)", unsent))
        if lines:
            lines._after_event(event_type)
        return len(lines)

    @api.model
    def _logging(self, event_type, messages, link=None, bounce_type=None, words=None):
        """SQL statement that adds one log line per message; one that stands already is kept.

        Raw SQL: a portion settles thousands of rows, and two openings at the same moment must not
        conflict. Rows of standard mailings have no token and are not logged; those of a deleted
        mass email know their campaign themselves.

        :param SQL messages: rows of messages
        :return: SQL; it returns of new lines id and message, and whether that is sent by the log
        """
        now, says_sent = fields.Datetime.now(), event_type == "sent"
        return SQL(
            """
            INSERT INTO mailing_trace_event (
                event_type, event_datetime, trace_id, campaign_id, mailing_id, contact_id,
                email, link_id, bounce_type, words, is_test
            )
            SELECT %(event_type)s, %(moment)s, trace.id,
                   COALESCE(mailing.campaign_id, trace.campaign_id), mailing.id,
                   -- she may be deleted; joined, all contacts would be read for a portion's
                   (SELECT id FROM mailing_contact WHERE id = trace.res_id),
                   trace.email, %(link_id)s, %(bounce_type)s, %(words)s,
                   COALESCE(trace.is_test_trace, FALSE)
              FROM %(messages)s trace
              LEFT JOIN mailing_mailing mailing
                ON mailing.id = COALESCE(trace.mass_mailing_id, trace.test_mailing_id)
             WHERE trace.token IS NOT NULL
             ORDER BY trace.id
            ON CONFLICT DO NOTHING
            RETURNING id, trace_id, %(is_sent)s
            """,
            event_type=event_type,
            moment=SQL("COALESCE(trace.sent_datetime, %s)", now) if says_sent else now,
            is_sent=SQL("TRUE")
            if says_sent
            else SQL(
                """
                EXISTS (SELECT FROM mailing_trace_event sent
                         WHERE sent.trace_id = mailing_trace_event.trace_id
                           AND sent.event_type = 'sent')
                """
            ),
            link_id=link.id if link else None,
            bounce_type=bounce_type,
            words=words,
            messages=messages,
        )

    # ------------------------------------------------------------
    # What can happen to a message: status, consequence, log line
    # ------------------------------------------------------------

    # Who is not mailed any more may have had a copy all the same, sent when nobody knew. That shows
    # in the log; her row stays as it is, for another may be mailed at her address by now.

    def set_opened(self, domain=None):
        return super(MailingTrace, self._that_are_mailed(domain)).set_opened()

    def set_replied(self, domain=None):
        # what is known already is not written again, for that may meet another's hit
        mailed = self._that_are_mailed(domain)
        known = mailed.sudo().filtered(lambda trace: trace.token and trace.trace_status == "reply")
        return super(MailingTrace, mailed - known).set_replied()

    def set_bounced(self, domain=None, bounce_message=False):
        mailed = self._that_are_mailed(domain)
        return super(MailingTrace, mailed).set_bounced(bounce_message=bounce_message)

    def _that_are_mailed(self, domain):
        """Return these and those of a domain, but not who is cancelled in a mass email."""
        traces = self + self.search(domain) if domain else self
        members = traces.sudo().filtered(lambda trace: trace.token)
        if self.env.context.get("mailing_auto_reply"):
            return traces - members
        return traces - members.filtered(lambda trace: trace.trace_status == "cancel")

    # Openings and clicks are in the room ``tracking``.

    def _receive_reply(self, is_by_program=False):
        """An answer came; that of a program tells only that the message was sent."""
        if is_by_program:
            self._settle_as_sent()
            return
        opened = self.filtered(lambda trace: trace._mass_email()._tells_openings())
        opened._log_event("opened")  # at first, as a hit does: or each would wait for the other
        opened.set_opened()
        self.set_replied()
        self._log_event("replied")

    @retried
    def _receive_reply_now(self, is_by_program):
        """The same, whatever is written to the same messages meanwhile; committed on return."""
        self._receive_reply(is_by_program)

    def _receive_report(self, report):
        """A message came back, or a program answered.

        :param Report report: see ``delivery.report``
        """
        of_bounces = self.env["mail.alias.domain"].sudo().search([("bounce_alias", "!=", False)])
        domains = set(of_bounces.mapped("name"))
        for trace in self:
            sender = email_normalize(trace._mass_email().email_from or "")
            is_about_her = trace._is_named(report.told_of(domains | {sender}))
            if report.kind is Kind.COMPLAINT and is_about_her is not False:
                trace._receive_complaint(report.words)
            elif report.kind in (Kind.FINAL, Kind.TEMPORARY, Kind.POLICY):
                trace._receive_bounce(report.kind.value, report.words, is_about_her)
            else:
                trace._settle_as_sent()

    @retried
    def _receive_report_now(self, report):
        """The same, whatever is written to the same messages meanwhile; committed on return."""
        self._receive_report(report)

    def _receive_bounce(self, bounce_type, words, is_about_her=None):
        """The message came back.

        What it says counts against the address it was sent to, unless it tells of another, to
        which somebody passes her mail on.

        :param bounce_type: see ``BOUNCE_TYPES``
        :param is_about_her: whether it names her address; None when it names none
        """
        self.ensure_one()
        self.set_bounced(bounce_message=words)
        is_news = self._log_event("bounced", bounce_type=bounce_type, words=words)
        if is_about_her is None:
            # the row of who waits may have moved on to another address
            is_about_her = self.standing in ("on_wire", "taken", "undecided", "left")
        if not is_about_her or bounce_type == "policy":
            return
        is_final = bounce_type == "final"
        if is_final and not is_news:
            self._log_final(words)
        if is_final or is_news:
            failure = (self.email, is_final, words, self.id)
            self.env["mailing.address"].sudo()._receive_failures([failure])
        if is_news:
            self._count_for_odoo()

    def _log_final(self, words):
        """What came back for now, or for what the letter says, came back for good in the end."""
        lines = self.env["mailing.trace.event"].sudo()
        lines = lines.search(
            Domain("trace_id", "in", self.ids)
            & Domain("event_type", "=", "bounced")
            & Domain("bounce_type", "!=", "final")
        )
        lines.write({"bounce_type": "final", "words": words})

    def _receive_complaint(self, words):
        """The recipient calls it spam: she leaves all lists of the message, and all mass emails."""
        self.ensure_one()
        self._log_event("complained", words=words)
        self._receive_opt_out()
        self._blacklist(self._opt_out_scope().addresses)

    def _mass_email(self):
        """Return the mass emails that these messages, or tests, are of."""
        return self.mass_mailing_id | self.test_mailing_id

    # ------------------------------------------------------------
    # What came back
    # ------------------------------------------------------------

    @api.model
    def search(self, *args, **kwargs):
        """What names no mass email is Odoo's own: it marks none, and blacklists nobody for one.

        Odoo's gateway searches in the middle of it, for the bounces of an address, too.
        """
        found = super().search(*args, **kwargs)
        if self.env.context.get("mailing_standard_only"):
            found = found.filtered(lambda trace: not trace.sudo().token)
        return found

    @api.model
    def _references(self):
        """Return by what returned messages name those that they were."""
        return References(hmac(self.env(su=True), "mass_mailing_campaign.reference", "").encode())

    @api.model
    def _from_reports(self, references, message_ids, addresses):
        """Return the messages that reports name by our references, or else by Message-ID.

        Of several, those whose very recipients are named, too.
        """
        numbers = [self._references().verify(reference) for reference in references]
        traces = self.browse(filter(None, numbers)).exists().filtered("token")
        if not traces and message_ids:
            traces = self.search([("message_id", "in", message_ids), ("token", "!=", False)])
        if len(traces) > 1:
            named = {wire_address(address) for address in addresses}
            traces = traces.filtered(lambda trace: trace.email in named)
        return traces

    def _is_named(self, addresses):
        """Tell whether a report names this message's recipient; None when it names nobody.

        Servers name their users by other addresses of the same domain, too.
        """
        named = {wire_address(address) for address in addresses} - {None}
        if not named:
            return None
        domain = (self.email or "").rpartition("@")[2]
        return any(
            address == self.email or f".{address.rpartition('@')[2]}".endswith(f".{domain}")
            for address in named
        )

    def _count_for_odoo(self):
        """Count the bounce on all records of this address, as Odoo's own gateway does."""
        if not self.email:
            return
        partners = self.env["res.partner"].sudo()
        for model in self.env["ir.model"].sudo().search([("is_mail_blacklist", "=", True)]):
            if model.model in self.env and not self.env[model.model]._abstract:
                records = self.env[model.model].sudo()
                records.search([("email_normalized", "=", self.email)])._message_receive_bounce(
                    self.email, partners
                )
