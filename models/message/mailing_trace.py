from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

# How a message stands, by its trace status. Counts, filters, colours, lists and figures read it
# here; only statements that write a status spell it out.
STANDINGS = [
    ("waiting", "Waiting"),
    ("on_wire", "Being Sent"),
    ("taken", "Sent"),
    ("failed", "Failed"),
    ("undecided", "Unknown"),
    ("left", "Unknown, Left as It Is"),
    ("not_mailed", "Not Mailed"),
]
STANDING_BY_STATUS = {
    "outgoing": "waiting",
    "process": "on_wire",
    "pending": "taken",
    "sent": "taken",
    "open": "taken",
    "reply": "taken",
    "bounce": "taken",
    "error": "failed",
    "cancel": "not_mailed",
}
# Failure types of an error that is none for certain: nobody knows what became of the message.
STANDING_BY_FAILURE = {"in_doubt": "undecided", "left": "left"}

# What came back of a message that was taken, by its trace status.
CAME_BACK = {"open": "opened", "reply": "replied", "bounce": "bounced"}
CAME_BACK_WORDS = [("opened", "Opened"), ("replied", "Replied"), ("bounced", "Bounced")]

# Of a message others write what came back of it, and how it stands by that; the queue, the portion,
# links and rights go by the rest.
TELLS_WHAT_CAME_BACK = {"open_datetime", "links_click_datetime", "reply_datetime"}
TELLS_STATUS = {"trace_status", "failure_type", "failure_reason"}
HAS_NOT_LEFT = {"waiting", "on_wire", "not_mailed"}


def standing_of(trace_status, failure_type):
    """Return how a message stands."""
    if trace_status == "error":
        return STANDING_BY_FAILURE.get(failure_type, "failed")
    return STANDING_BY_STATUS.get(trace_status)


class MailingTrace(models.Model):
    """One member of a mass email: its place in the queue, and what became of it.

    A row with a ``token`` belongs to a mass email sent in portions. Its ``trace_status``:

    * ``outgoing``: waits in the queue; set by the queue build, and again by settle when the
      message was deferred, refused for the first times, or never left the house;
    * ``cancel``: will not be mailed, ``failure_type`` says why; set by the queue build, by the
      claim when the reason came up while the row waited, or by a user who ended the mass email;
    * ``process``: claimed by a run that is sending it right now;
    * ``sent``: the mail server took it; set by settle, or by what came back of a message of which
      that was not known (``settling/mailing_trace``);
    * ``open``, ``reply``, ``bounce``: set by what came back, see ``response/mailing_trace``;
    * ``error``: settle gave up; ``failure_reason`` holds the server's words. With failure type
      ``in_doubt`` the run died or the connection broke while the message was on the wire: nobody
      knows whether it was delivered, and it is never sent again by itself. A user decides: send
      it again (``outgoing``), or leave it (failure type ``left``).
    """

    _inherit = "mailing.trace"
    _rec_names_search = ["email"]  # its name is a number, which no text is searched in

    token = fields.Char("Recipient Token", readonly=True, copy=False, groups="base.group_system")
    test_mailing_id = fields.Many2one(
        "mailing.mailing", "Test of", readonly=True, index="btree_not_null", ondelete="set null"
    )
    attempt_count = fields.Integer("Attempts", readonly=True)
    setback_count = fields.Integer(
        "Setbacks",
        readonly=True,
        help="How often the session broke or the mail server was busy before it saw the message.",
    )
    portion_server = fields.Integer(
        readonly=True,
        aggregator=None,
        help="Mail server in whose hourly portion it has its places, none for that of the command "
        "line; a number, for a foreign key is checked row by row.",
    )
    claim_key = fields.Char(
        readonly=True, groups="base.group_system", help="The run of sending that claimed this row."
    )
    claim_number = fields.Integer(readonly=True, groups="base.group_system")
    smtp_reply = fields.Char("Server's Reply", readonly=True)
    retry_datetime = fields.Datetime("Next Attempt", readonly=True)
    portion_places = fields.Integer(
        readonly=True,
        help="How many places it has in the hourly portion: more than one when it was claimed "
        "again within the hour though it may have left before.",
    )
    portion_datetime = fields.Datetime(
        readonly=True,
        help="When this message took its place in the hourly portion: on its claim, then on its "
        "transmission. Empty while nothing left the house.",
    )
    failure_type = fields.Selection(
        selection_add=[
            ("mail_refused", "Refused by the Mail Server"),
            ("in_doubt", "Unknown: Interrupted While Sending"),
            ("left", "Unknown: Left as It Is"),
            ("ended", "Ended by a User"),
        ]
    )

    # whose link was followed?
    _token_uniq = models.UniqueIndex("(token) WHERE token IS NOT NULL")
    # also the index that finds all messages meant for a target
    _one_outcome_per_member = models.UniqueIndex(
        "(res_id, mass_mailing_id) WHERE token IS NOT NULL"
    )
    _one_copy_per_address = models.UniqueIndex(
        "(mass_mailing_id, email) WHERE token IS NOT NULL AND trace_status != 'cancel'"
    )
    # which rows are next in the queue of a mass email?
    _waiting_idx = models.Index(
        "(mass_mailing_id, id) WHERE token IS NOT NULL AND trace_status = 'outgoing'"
    )
    # which rows has a run claimed?
    _claimed_idx = models.Index("(claim_key) WHERE claim_key IS NOT NULL")
    # how many left within the hour?
    _portion_idx = models.Index("(portion_datetime) WHERE portion_datetime IS NOT NULL")
    # which message does a bounce or a reply answer?
    _message_id_idx = models.Index("(message_id) WHERE message_id IS NOT NULL")

    standing = fields.Selection(STANDINGS, compute="_compute_standing", search="_search_standing")
    # in the words of mass emails: Odoo's own status says Delivered for what a server has taken
    outcome = fields.Selection(STANDINGS + CAME_BACK_WORDS, "Status", compute="_compute_standing")

    @api.depends("trace_status", "failure_type")
    def _compute_standing(self):
        for trace in self:
            trace.standing = standing_of(trace.trace_status, trace.failure_type)
            trace.outcome = CAME_BACK.get(trace.trace_status, trace.standing)

    @api.model
    def _search_standing(self, operator, standings):
        if operator != "in":
            return NotImplemented
        return Domain.OR(map(self._standing_domain, standings))

    @api.model
    def _standing_domain(self, standing):
        statuses = [status for status, of in STANDING_BY_STATUS.items() if of == standing]
        failures = [failure for failure, of in STANDING_BY_FAILURE.items() if of == standing]
        if failures:
            return Domain("trace_status", "=", "error") & Domain("failure_type", "in", failures)
        domain = Domain("trace_status", "in", statuses)
        if standing == "failed":
            domain &= Domain("failure_type", "not in", list(STANDING_BY_FAILURE))
        return domain

    def write(self, vals):
        """Others may say what came back of a message, not what is to become of it."""
        members = self.browse() if self.env.su else self.sudo().filtered("token")
        comes_back = vals.get("trace_status") in CAME_BACK and HAS_NOT_LEFT.isdisjoint(
            members.mapped("standing")
        )
        tells = TELLS_WHAT_CAME_BACK | (TELLS_STATUS if comes_back else set())
        if members and not vals.keys() <= tells:
            self.check_access("write")
            raise UserError(
                self.env._(
                    "What becomes of a member of a mass email is not written by hand: failed and "
                    "unknown messages are sent again, or left, by their buttons."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_members(self):
        if not self.env.su and any(self.sudo().mapped("token")):
            raise UserError(
                self.env._(
                    "The members of a mass email cannot be deleted one by one: the opt-out links "
                    "of the letters they got would not work any more."
                )
            )

    # ------------------------------------------------------------
    # What a user decides
    # ------------------------------------------------------------

    def action_send_again(self):
        """Put messages that failed or are in doubt back in the queue."""
        self.check_access("write")
        standings = ("failed", "undecided", "left")
        self._send_again(Domain("id", "in", self.ids) & Domain("standing", "in", standings))

    def action_leave(self):
        """Leave messages in doubt as they are."""
        self.check_access("write")
        self._leave(Domain("id", "in", self.ids) & Domain("standing", "=", "undecided"))

    @api.model
    def _send_again(self, domain):
        """Put the messages of a domain back in the queue, and have their mass emails go on."""
        mailings = self._decide(
            domain,
            SQL(
                "trace_status = 'outgoing', failure_type = NULL, failure_reason = NULL,"
                " attempt_count = 0, setback_count = 0, retry_datetime = NULL, claim_key = NULL"
            ),
        )
        # no lane completes them meanwhile
        self.env.execute_query(
            SQL("SELECT FROM mailing_mailing WHERE id = ANY(%s) FOR NO KEY UPDATE", mailings.ids)
        )
        mailings._tell(is_ended=False)
        mailings._reopen()

    @api.model
    def _leave(self, domain):
        """Leave the messages of a domain as they are."""
        self._decide(domain, SQL("failure_type = 'left'"))

    @api.model
    def _cancel_ended(self):
        """Cancel who waits, or waits again, in mass emails that a user ended.

        Raw SQL: one look at the queue of each, for every run asks, and mostly nobody waits there.
        """
        self.env["mailing.mailing"].flush_model(["is_ended"])
        self.flush_model(["mass_mailing_id", "token", "trace_status"])
        ended = self.env.execute_query(
            SQL(
                "SELECT id FROM mailing_mailing WHERE is_ended AND %s",
                self._waits(SQL("mailing_mailing.id")),
            )
        )
        if ended:
            self._decide(
                Domain("mass_mailing_id", "in", [mailing_id for (mailing_id,) in ended])
                & Domain("standing", "=", "waiting"),
                SQL("trace_status = 'cancel', failure_type = 'ended', retry_datetime = NULL"),
            )

    @api.model
    def _decide(self, domain, values):
        """Set columns of those messages of mass emails that a domain holds.

        Raw SQL: one statement, a mass email may have a million.

        :return: their mass emails
        """
        traces = self.sudo()._search(
            Domain(domain)
            & Domain("token", "!=", False)
            & Domain("mass_mailing_id.delivery_mode", "=", "portions")
        )
        rows = self.env.execute_query(
            SQL(
                """
                WITH decided AS (
                    UPDATE mailing_trace SET %s WHERE id IN %s RETURNING mass_mailing_id
                )
                SELECT DISTINCT mass_mailing_id FROM decided
                """,
                values,
                traces.subselect(),
            )
        )
        self.env.invalidate_all()
        return self.env["mailing.mailing"].browse(mailing_id for (mailing_id,) in rows)
