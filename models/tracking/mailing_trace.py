from odoo import api, fields, models
from odoo.tools import SQL

from ...delivery.robots import BURST_LINKS, BURST_SECONDS, SECONDS_AFTER_SENDING, USER_AGENT_LENGTH
from ..settling.mailing_trace import IS_SENT

# Opening says nothing new of these: who is not mailed any more may have had an earlier copy.
UNMOVED_BY_OPENING = ("cancel", "open", "reply", "bounce")


class MailingTrace(models.Model):
    """Opens and clicks: of people, of machines and of the staff.

    In the first minutes of a mass email everybody clicks the same URL. So nothing is counted on
    the way, figures come from the log; and each of these statements may be committed by itself,
    see ``engine.turns.autocommitted``: then parallel hits neither fail nor wait for a commit that
    waits for the disk.
    """

    _inherit = "mailing.trace"

    def _receive_open(self):
        """The recipient opened the message."""
        self.ensure_one()
        _trace_id, lines = self._receive_hit(self.token, made_by="person")
        self._tell_of_hit(lines)

    def _receive_click(self, code):
        """The recipient followed the tracking URL of a code."""
        self.ensure_one()
        link_id, _url = self.env["link.tracker.code"]._destination(code)
        _trace_id, lines = self._receive_hit(self.token, link_id, made_by="person")
        self._tell_of_hit(lines)

    @api.model
    def _tell_of_hit(self, lines):
        """Let others act on the new lines of a hit, ``{event type: id}``."""
        for event_type, line_id in lines.items():
            self.env["mailing.trace.event"].browse(line_id)._after_event(event_type)

    @api.model
    def _receive_hit(
        self, token, link_id=None, made_by=None, user_id=None, ip=None, user_agent=None
    ):
        """The open pixel of a message was fetched, or one of its tracking URLs.

        A click is an opening as well, where openings are told. What a machine or the staff does
        is logged, and says nothing of the message.

        Raw SQL: one statement for status and log, one more for a new click, and one where nobody
        knew it to be sent. A crash of PostgreSQL may forget the hits of its last moment.

        :param token: of the message
        :param link_id: the tracking URL, none for the pixel
        :param made_by: person, machine or staff, where that is known already
        :param user_id: who is logged in
        :return: id of the message, None where the token is nobody's; and the new lines of the log,
            ``{event type: id}``, of which ``_tell_of_hit`` is still to tell
        """
        self.env.flush_all()
        now = fields.Datetime.now()
        rows = self.env.execute_query(
            SQL(
                """
                WITH hit AS (
                    SELECT trace.id, trace.email, mailing.id AS mailing_id,
                           COALESCE(mailing.campaign_id, trace.campaign_id) AS campaign_id,
                           contact.id AS contact_id, trace.is_test_trace IS TRUE AS is_test,
                           %(tells_openings)s AS tells_openings,
                           NULLIF(%(made_by)s, 'person') AS made_by, %(is_sent)s AS is_sent,
                           set_config('synchronous_commit', 'off', TRUE)
                      FROM mailing_trace trace
                      LEFT JOIN mailing_mailing mailing
                        ON mailing.id = COALESCE(trace.mass_mailing_id, trace.test_mailing_id)
                      LEFT JOIN mailing_contact contact ON contact.id = trace.res_id
                     WHERE trace.token = %(token)s
                ), told AS (
                    UPDATE mailing_trace trace
                       SET trace_status = CASE WHEN %(is_news)s THEN 'open'
                                               ELSE trace.trace_status END,
                           open_datetime = CASE WHEN %(is_news)s THEN %(now)s
                                                ELSE trace.open_datetime END,
                           links_click_datetime = CASE WHEN %(is_click)s
                                THEN COALESCE(trace.links_click_datetime, %(now)s)
                                ELSE trace.links_click_datetime END
                      FROM hit
                     WHERE trace.id = hit.id AND hit.made_by IS NULL
                       AND (%(is_news)s OR %(is_click)s AND trace.links_click_datetime IS NULL)
                ), %(kept)s logged AS (
                    INSERT INTO mailing_trace_event (
                        event_type, event_datetime, trace_id, campaign_id, mailing_id, contact_id,
                        email, link_id, made_by, is_test
                    )
                    SELECT sign.event_type, %(now)s, hit.id, hit.campaign_id, hit.mailing_id,
                           hit.contact_id, hit.email, sign.link_id, hit.made_by, hit.is_test
                      FROM hit
                      JOIN (VALUES %(signs)s) sign (event_type, link_id)
                        ON sign.event_type = 'clicked' OR hit.tells_openings
                    ON CONFLICT DO NOTHING RETURNING id, event_type
                )
                SELECT hit.id, hit.made_by IS NULL AND NOT hit.is_test, hit.is_sent,
                       logged.event_type, logged.id
                  FROM hit LEFT JOIN logged ON TRUE
                """,
                token=token,
                now=now,
                is_click=link_id is not None,
                is_news=SQL(
                    "(hit.tells_openings AND trace.trace_status NOT IN %s)", UNMOVED_BY_OPENING
                ),
                is_sent=IS_SENT,
                tells_openings=self.env["mailing.mailing"]._tells_openings_sql(SQL("mailing")),
                made_by=SQL("%s", made_by) if made_by else self._judged_by_time(now, user_id),
                signs=SQL("('opened', NULL::integer)%s", SQL(", ('clicked', %s)", link_id))
                if link_id
                else SQL("('opened', NULL::integer)"),
                kept=self._kept_hit(now, link_id, ip, user_agent),
            )
        )
        self.env.invalidate_all(flush=False)
        [(trace_id, counts, is_sent, *_line), *_more] = rows or [(None, False, True)]
        lines = {event_type: line_id for *_hit, event_type, line_id in rows if line_id}
        if counts and "clicked" in lines and made_by != "person":
            gone = self._mark_burst(trace_id, now)
            lines = {kind: line_id for kind, line_id in lines.items() if line_id not in gone}
        if not is_sent:
            sent = self._settle_what_came_back(SQL("trace.id = %s", trace_id), is_hit=True)
            lines |= zip(["sent"], sent.ids, strict=False)
        return trace_id, lines

    @api.model
    def _judged_by_time(self, now, user_id):
        """Return who makes a hit on a message of the hit statement.

        A colleague may be the recipient: as a user, as a contact, or by her address.
        """
        return SQL(
            """
            CASE WHEN EXISTS (
                    SELECT FROM res_users colleague
                      JOIN res_partner person ON person.id = colleague.partner_id
                     WHERE colleague.id = %s AND NOT colleague.share
                       AND (contact.user_id = colleague.id OR contact.partner_id = person.id
                            OR trace.email = person.email_normalized) IS NOT TRUE)
                 THEN 'staff'
                 WHEN trace.is_test_trace IS NOT TRUE
                  AND COALESCE(trace.sent_datetime, trace.portion_datetime)
                      > %s::timestamp - INTERVAL '1 second' * %s
                 THEN 'machine' END
            """,
            user_id or None,
            now,
            SECONDS_AFTER_SENDING,
        )

    @api.model
    def _kept_hit(self, now, link_id, ip, user_agent):
        """Return what keeps every single hit, in the hit statement; nothing unless it is wanted."""
        if not self.env["ir.config_parameter"]._mass_email_setting("keep_hits"):
            return SQL()
        return SQL(
            """
            kept AS (
                INSERT INTO mailing_trace_hit (
                    event_type, hit_datetime, trace_id, link_id, made_by, ip, user_agent
                )
                SELECT %s, %s, hit.id, %s, hit.made_by, %s, %s FROM hit
                 WHERE %s OR hit.tells_openings
            ),
            """,
            "clicked" if link_id else "opened",
            now,
            link_id,
            ip,
            (user_agent or "")[:USER_AGENT_LENGTH].replace("\0", ""),
            link_id is not None,
        )

    @api.model
    def _mark_burst(self, trace_id, now):
        """Tell from a click that a machine opens all links of a message at once.

        Then the lines of the last moments are the machine's, each kind once, as are the hits that
        are kept; and the message is as it was before.

        Raw SQL: a statement of its own, which sees what parallel hits have committed; what one of
        them marks at the same moment is left to it.

        :return: ids of the lines that are gone, for a machine's were there before
        """
        gone = self.env.execute_query(
            SQL(
                """
                WITH burst AS (
                    SELECT COUNT(DISTINCT link_id) FROM mailing_trace_event
                     WHERE trace_id = %(trace)s AND event_type = 'clicked'
                       AND event_datetime >= %(since)s
                    HAVING COUNT(DISTINCT link_id) >= %(links)s
                ), line AS (
                    SELECT event.id, EXISTS (
                            SELECT FROM mailing_trace_event other
                             WHERE other.trace_id = %(trace)s AND other.made_by = 'machine'
                               AND other.event_type = event.event_type
                               AND other.link_id IS NOT DISTINCT FROM event.link_id) AS is_known
                      FROM mailing_trace_event event, burst
                     WHERE event.trace_id = %(trace)s AND event.event_datetime >= %(since)s
                       AND event.event_type IN ('opened', 'clicked') AND event.made_by IS NULL
                       FOR UPDATE OF event SKIP LOCKED
                ), marked AS (
                    UPDATE mailing_trace_event event SET made_by = 'machine'
                      FROM line WHERE event.id = line.id AND NOT line.is_known
                ), removed AS (
                    DELETE FROM mailing_trace_event event
                     USING line WHERE event.id = line.id AND line.is_known
                 RETURNING event.id
                ), hits AS (
                    UPDATE mailing_trace_hit SET made_by = 'machine' WHERE id IN (
                        SELECT hit.id FROM mailing_trace_hit hit, burst
                         WHERE hit.trace_id = %(trace)s AND hit.hit_datetime >= %(since)s
                           AND hit.made_by IS NULL
                           FOR UPDATE OF hit SKIP LOCKED)
                ), restored AS (
                    UPDATE mailing_trace trace
                       SET links_click_datetime = CASE WHEN earlier.clicked
                                                       THEN trace.links_click_datetime END,
                           open_datetime = CASE WHEN earlier.opened THEN trace.open_datetime END,
                           trace_status = CASE
                                WHEN trace.trace_status != 'open' OR earlier.opened
                                THEN trace.trace_status
                                ELSE 'sent' END
                      FROM burst, (
                        SELECT COALESCE(BOOL_OR(event_type = 'clicked'), FALSE) AS clicked,
                               COALESCE(BOOL_OR(event_type = 'opened'), FALSE) AS opened
                          FROM mailing_trace_event
                         WHERE trace_id = %(trace)s AND made_by IS NULL
                           AND event_datetime < %(since)s
                      ) earlier
                     WHERE trace.id = %(trace)s AND trace.links_click_datetime >= %(since)s
                )
                SELECT id FROM removed
                """,
                trace=trace_id,
                since=SQL("(%s::timestamp - INTERVAL '1 second' * %s)", now, BURST_SECONDS),
                links=BURST_LINKS,
            )
        )
        self.env.invalidate_all(flush=False)
        return {line_id for (line_id,) in gone}
