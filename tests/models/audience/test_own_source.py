from contextlib import closing

from odoo import fields, models
from odoo.fields import Domain
from odoo.orm.model_classes import add_to_registry

from ...common import MassEmailCase

# What an addon writes that makes guests of events a source of targets; they are not members of the
# addon under test (`_module`), so that only this test knows them.


class EventGuest(models.Model):
    _module = None
    _name = "test.event.guest"
    _description = "Guest of an Event"
    _inherit = ["mailing.target.mixin"]

    title = fields.Char()
    partner_id = fields.Many2one("res.partner")
    mail = fields.Char(related="partner_id.email")
    company = fields.Char(related="partner_id.commercial_company_name")
    speaks = fields.Boolean()
    active = fields.Boolean(default=True)

    _target_field = "guest_id"
    _target_types = {"speaker": [("speaks", "=", True)], "guest": []}
    _target_name_fields = ("title",)
    _target_email_fields = ("mail",)
    _target_company_fields = ("company",)


class MailingContact(models.Model):
    _module = None
    _name = "mailing.contact"
    _inherit = ["mailing.contact"]

    guest_id = fields.Many2one("test.event.guest", ondelete="cascade")
    target_type = fields.Selection(selection_add=[("speaker", "Speaker"), ("guest", "Guest")])

    _guest_uniq = models.UniqueIndex("(guest_id) WHERE guest_id IS NOT NULL")


class TestOwnSource(MassEmailCase):
    """A model of one's own becomes a source of targets by the recipe of CONTRIBUTING.md."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.forget_models)
        super().setUpClass()
        cls.base_classes = cls.registry["mailing.contact"]._base_classes__
        for definition in EventGuest, MailingContact:
            add_to_registry(cls.registry, definition)
        names = ["test.event.guest", "mailing.contact"]
        cls.registry._setup_models__(cls.env.cr, names)
        cls.registry.init_models(cls.env.cr, names, {"models_to_check": True})
        partners = cls.env["res.partner"].create(
            [
                {"name": "P1", "email": "ann@example.com", "company_name": "Acme"},
                {"name": "P2", "email": "Bob <bob@example.com>, c@example.com"},
            ]
        )
        cls.ann, cls.bob = cls.guests = cls.env["test.event.guest"].create(
            [
                {"title": "Ann", "partner_id": partners[0].id, "speaks": True},
                {"title": "Bob", "partner_id": partners[1].id},
            ]
        )

    @classmethod
    def forget_models(cls):
        registry = cls.registry
        registry["mailing.contact"]._base_classes__ = cls.base_classes
        del registry.models["test.event.guest"]
        for model in registry.models.values():
            model._inherit_children.discard("test.event.guest")
        with closing(registry.cursor()) as cr:
            registry._setup_models__(cr)
        registry.registry_invalidated = False

    def add(self):
        counts = self.target_list._add_targets(
            "test.event.guest", Domain("id", "in", self.guests.ids)
        )
        self.env.invalidate_all()
        return dict(+counts)

    def told(self):
        return sorted(
            (each.name, each.address, each.target_type, each.company_name)
            for each in self.target_list.contact_ids
        )

    def outcome(self):
        mailing = self._mass_email()
        mailing._build_queue()
        return self.outcomes(mailing)

    def test_many_are_added_at_once(self):
        self.assertEqual(self.add(), {"added": 2})
        self.assertEqual(
            self.told(),
            [
                ("Ann", "ann@example.com", "speaker", "Acme"),
                ("Bob", "bob@example.com", "guest", False),
            ],
        )
        self.assertEqual(self.add(), {"already": 2})

    def test_the_orm_makes_the_same(self):
        self.target_list.contact_ids = self.env["mailing.contact"]._for_records(self.guests)
        by_orm = self.told()
        self.target_list.contact_ids.unlink()
        self.add()
        self.assertEqual(self.told(), by_orm)

    def test_the_target_follows_its_record(self):
        self.add()
        self.ann.write({"title": "Anna", "speaks": False})
        self.ann.partner_id.write({"email": "anna@example.com", "company_name": "Else"})
        self.assertEqual(self.told()[0], ("Anna", "anna@example.com", "guest", "Else"))

    def test_who_is_archived_is_not_mailed(self):
        self.add()
        self.ann.active = False
        self.assertEqual(self.outcome(), {"Ann": "archived", "Bob": "outgoing"})

    def test_the_opt_out_of_who_is_deleted_is_remembered(self):
        self.add()
        self.target_list.subscription_ids.filtered(
            lambda each: each.contact_id.guest_id == self.ann
        ).opt_out = True
        self.ann.unlink()
        self.assertEqual([name for name, *_others in self.told()], ["Bob"])
        self._contact("Again", self.target_list, email="ann@example.com")
        self.assertEqual(self.outcome(), {"Again": "mail_optout", "Bob": "outgoing"})
