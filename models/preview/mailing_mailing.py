import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL

from ...engine.replica import read_from_replica
from ..message.mailing_trace import STANDING_BY_STATUS

# Keys of a preview beside the reasons not to mail: who is mailed, and who of these was lately.
MAILED, RECENT = "mailed", "recent"
# What a form that is being filled in says of whom it means.
MEANT_BY = {
    *("campaign_id", "contact_list_ids", "excluding_list_ids", "use_exclusion_list"),
    "schedule_date",
}


class MailingMailing(models.Model):
    """Who would get a mass email if its queue were built now, and why the others would not."""

    _inherit = "mailing.mailing"

    @read_from_replica
    def get_audience(self, values):
        """Return the figures of a preview, for a form that may not be saved yet.

        :param dict values: ids of ``campaign_id``, ``contact_list_ids`` and ``excluding_list_ids``,
            ``use_exclusion_list`` and ``schedule_date``, as they stand in the form
        :return: ``{"members", "mailed", "recent", "recent_days", "not_mailed", "forecast"}``:
            ``not_mailed`` is a list of ``{"key", "label", "count"}``, most first, whose keys
            ``action_view_audience`` knows. False when there is a queue by now, which tells more.
        """
        self.check_access("read")
        if self.state in ("sending", "done"):
            return False
        lists = self.env["mailing.list"].with_context(active_test=False)
        meant = {name: value for name, value in values.items() if name in MEANT_BY}
        for name in ("contact_list_ids", "excluding_list_ids"):
            readable = lists.search([("id", "in", meant.get(name, []))])
            meant[name] = [Command.set(readable.ids)]
        mailing = self.new(meant, origin=self)
        figures = mailing._count_audience()
        return figures | {"forecast": mailing._forecast(figures["mailed"])}

    def _reaches_anybody(self):
        """Tell whether at least one member may be mailed. Raw SQL: it ends at the first."""
        self._prepare_to_judge()
        [(reaches_anybody,)] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (
                    SELECT FROM mailing_subscription member
                      JOIN mailing_contact contact ON contact.id = member.contact_id
                      %s
                     WHERE member.list_id = ANY(%s) AND objection.reason IS NULL)
                """,
                self._objection(),
                self.contact_list_ids.ids,
            )
        )
        return reaches_anybody

    def _count_audience(self):
        """Count the members by what is to become of them.

        Raw SQL: one look at all of them, a list may have a million.
        """
        self._prepare_to_judge()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT reason, excluding_list_id, COUNT(*),
                       COUNT(*) FILTER (WHERE reason IS NULL AND %(was_mailed)s)
                  FROM (%(members)s) member
                 GROUP BY reason, excluding_list_id
                 ORDER BY COUNT(*) DESC, reason, excluding_list_id
                """,
                members=self._judged_members(),
                was_mailed=self._was_mailed_lately(),
            )
        )
        not_mailed = [row for row in rows if row[0]]
        return {
            "members": sum(row[2] for row in rows),
            "mailed": sum(row[2] for row in rows if not row[0]),
            "recent": sum(row[3] for row in rows),
            "recent_days": self._recent_days(),
            "not_mailed": [
                {
                    "key": f"{reason}/{list_id}" if list_id else reason,
                    "label": self._outcome_label(reason, list_id),
                    "count": count,
                }
                for reason, list_id, count, _recent in not_mailed
            ],
        }

    def _why_nobody(self):
        """Say why no member may be mailed."""
        figures = self._count_audience()
        if not figures["members"]:
            return self.env._("The target lists have no members. Add somebody, or choose others.")
        return self.env._(
            "None of the %(count)s members may be mailed: %(reasons)s. "
            "Add somebody else, or choose other lists.",
            count=figures["members"],
            reasons=", ".join(
                f"{each['label']} ({each['count']})" for each in figures["not_mailed"]
            ),
        )

    @api.model
    def _recent_days(self):
        return self.env["ir.config_parameter"]._mass_email_setting("recent_days")

    @api.model
    def _was_mailed_lately(self):
        """SQL condition: a mass email went to ``member``, or to her address, the last days."""
        return SQL(
            "(member.email IN (SELECT email %(lately)s)"
            " OR member.contact_id IN (SELECT res_id %(lately)s))",
            lately=SQL(
                """
                  FROM mailing_trace
                 WHERE portion_datetime >= %s AND token IS NOT NULL
                   AND mass_mailing_id IS NOT NULL AND trace_status = ANY(%s)
                """,
                fields.Datetime.now() - timedelta(days=self._recent_days()),
                [status for status, standing in STANDING_BY_STATUS.items() if standing == "taken"],
            ),
        )

    def _outcome_label(self, reason, list_id=None):
        """Return in words what becomes of a member, as the list of members has it."""
        if not reason:
            return self.env._("To Be Mailed")
        if list_id:
            return self.env._("Excluded by %s", self.env["mailing.list"].browse(list_id).name)
        field = self.env["mailing.trace"]._fields["failure_type"]
        return dict(field._description_selection(self.env))[reason]

    def action_view_audience(self, key):
        """List the people behind a figure of the preview.

        :param key: ``mailed``, ``recent``, a reason, or ``excluded/`` and the id of a list
        """
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_contact_action_audience"
        )
        reason, _separator, list_id = key.partition("/")
        names = {
            MAILED: self._outcome_label(None),
            RECENT: self.env._("Written To in the Last %s Days", self._recent_days()),
        }
        name = names.get(reason) or self._outcome_label(reason, int(list_id) if list_id else None)
        return action | {
            "name": name,
            "display_name": name,
            "domain": [("outcome_in", "=", f"{self.id}/{key}")],
            "context": {"outcome_mailing_id": self.id},
        }

    @api.model
    def _audience_of(self, value):
        """Return a query, SQL, of the contacts behind a figure; None where there is none.

        :param value: id of a mass email and key of the figure, as in ``12/mail_bl``
        """
        parts = re.fullmatch(r"(\d+)/(\w+)(?:/(\d+))?", value or "")
        mailing = self.search([("id", "=", int(parts[1]))]) if parts else None
        if not mailing:
            return None
        conditions = {
            MAILED: SQL("reason IS NULL"),
            RECENT: SQL("reason IS NULL AND %s", self._was_mailed_lately()),
        }
        return SQL(
            "SELECT contact_id FROM (%s) member WHERE %s AND %s",
            mailing._judged_members(),
            conditions.get(parts[2], SQL("reason = %s", parts[2])),
            SQL("excluding_list_id = %s", int(parts[3])) if parts[3] else SQL("TRUE"),
        )
