from odoo import api, fields, models
from odoo.fields import Domain

from ...engine.replica import read_from_replica
from ..response.mailing_trace_event import BOUNCE_TYPES

MARKETERS = "mass_mailing.group_mass_mailing_user"
# The figures, in their order; and those that are told as a share of who was sent to, too.
FIGURES = ("sent", "opened", "clicked", "replied", "opted_out", "opted_in", "bounced")
WITH_SHARE = ("opened", "clicked", "replied", "opted_out", "bounced")
# What is left of them where nothing is tracked and nobody can opt out.
INFORMATIONAL_FIGURES = ("sent", "replied", "bounced")


class MailingPeopleMixin(models.AbstractModel):
    """How many people got, opened, clicked…: of a campaign or of a mass email.

    The fields are for lists, and leave machines and the staff out; ``get_figures`` is for forms,
    where a user may count them in. Both are counted by ``mailing.trace.event._count_people``.
    """

    _name = "mailing.people.mixin"
    _description = "Figures of the Campaign Log"
    # the field of the log that holds the record
    _log_field = None

    sent_people_count = fields.Integer("Sent", compute="_compute_people", groups=MARKETERS)
    sent_tracked_people_count = fields.Integer(
        "Sent, Openings Tracked", compute="_compute_people", groups=MARKETERS
    )
    opened_people_count = fields.Integer("Opened", compute="_compute_people", groups=MARKETERS)
    clicked_people_count = fields.Integer("Clicked", compute="_compute_people", groups=MARKETERS)
    replied_people_count = fields.Integer("Replied", compute="_compute_people", groups=MARKETERS)
    opted_out_people_count = fields.Integer(
        "Opted Out", compute="_compute_people", groups=MARKETERS
    )
    opted_in_people_count = fields.Integer("Opted In", compute="_compute_people", groups=MARKETERS)
    bounced_people_count = fields.Integer("Bounced", compute="_compute_people", groups=MARKETERS)
    bounced_final_people_count = fields.Integer(
        "Bounced for Good", compute="_compute_people", groups=MARKETERS
    )
    bounced_temporary_people_count = fields.Integer(
        "Bounced for Now", compute="_compute_people", groups=MARKETERS
    )
    opened_share = fields.Float("Opened (%)", compute="_compute_people", groups=MARKETERS)
    clicked_share = fields.Float("Clicked (%)", compute="_compute_people", groups=MARKETERS)
    replied_share = fields.Float("Replied (%)", compute="_compute_people", groups=MARKETERS)
    opted_out_share = fields.Float("Opted Out (%)", compute="_compute_people", groups=MARKETERS)
    bounced_share = fields.Float("Bounced (%)", compute="_compute_people", groups=MARKETERS)
    are_openings_tracked = fields.Boolean(
        compute="_compute_are_openings_tracked",
        groups=MARKETERS,
        help="Whether there can be openings in the log.",
    )

    @api.depends_context("uid")
    def _compute_people(self):
        people = self.env["mailing.trace.event"]._count_people(self._log_field, self.ids)
        for record in self:
            counts = people[record._origin.id]
            for name in (*FIGURES, "sent_tracked", "bounced_final", "bounced_temporary"):
                record[f"{name}_people_count"] = counts[name]
            for name in WITH_SHARE:
                record[f"{name}_share"] = self._share(counts, name) or 0

    def _compute_are_openings_tracked(self):
        raise NotImplementedError

    @api.model
    def _share(self, counts, name):
        """Return a figure as a share of those sent to; None where there is none.

        Openings are a share of those of whom they are told. Of clicks nothing is unknown: who was
        sent a letter without a link did not click.
        """
        whole = counts["sent_tracked" if name == "opened" else "sent"]
        return counts[name] / whole if name in WITH_SHARE and whole else None

    # ------------------------------------------------------------
    # On the form
    # ------------------------------------------------------------

    @read_from_replica
    def get_figures(self, with_machines=False):
        """Return the figures that a form shows.

        :param with_machines: count what machines and the staff did, too
        :return: a list of ``{"name", "label", "count", "share", "note"}``; the share is None where
            there is none, the note further words
        """
        self.ensure_one()
        self.check_access("read")
        counts = self.env["mailing.trace.event"]._count_people(
            self._log_field, self.ids, with_machines
        )[self.id]
        labels = self._log_labels("event_type")
        return [
            {
                "name": name,
                "label": labels[name],
                "count": counts[name],
                "share": self._share(counts, name),
                "note": self._note(name, counts),
            }
            for name in self._figure_names()
        ]

    def _figure_names(self):
        """Return the names of the figures that make sense here and that the user may see."""
        if not self.env.user.has_group(MARKETERS):
            return ()
        names = INFORMATIONAL_FIGURES if self._is_informational() else FIGURES
        return [name for name in names if name != "opened" or self.are_openings_tracked]

    def _is_informational(self):
        raise NotImplementedError

    @api.model
    def _note(self, name, counts):
        """Tell the kinds of bounces apart, and of whom openings are told where not of all."""
        if name == "opened" and counts["sent_tracked"] not in (0, counts["sent"]):
            return self.env._("Of %s whose openings are tracked", counts["sent_tracked"])
        if name != "bounced":
            return False
        labels = self._log_labels("bounce_type")
        kinds = [(labels[kind], counts[f"bounced_{kind}"]) for kind, _label in BOUNCE_TYPES]
        return ", ".join(f"{label}: {count}" for label, count in kinds if count)

    @api.model
    def _log_labels(self, name):
        field = self.env["mailing.trace.event"]._fields[name]
        return dict(field._description_selection(self.env))

    def action_view_figure(self, name, with_machines=False):
        """List the messages of the people behind a figure.

        :param name: that of a figure, as ``get_figures`` has it
        """
        self.ensure_one()
        self.check_access("read")
        self.env["mailing.trace"].check_access("read")
        label = self._log_labels("event_type")[name]
        log = self.env["mailing.trace.event"]
        lines = Domain(self._log_field, "=", self.id) & Domain("event_type", "=", name)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_trace_action_people"
        )
        return action | {
            "name": label,
            "display_name": label,
            "domain": [("event_ids", "any", list(lines & log._lines_of(with_machines)))],
        }
