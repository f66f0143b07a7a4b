from copy import deepcopy

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from .common import ALL_CAMPAIGNS, MassEmailCase

# Who may call what. Marketer, seller: Email Marketing without and with Sales (own leads only);
# abroad: Email Marketing in another company; admin: Settings without Email Marketing.
MATRIX = """
model                 method                    marketer seller abroad admin employee portal public
mailing.mailing       create                    yes      yes    yes    no    no       no     no
mailing.mailing       write                     yes      yes    yes    yes   no       no     no
mailing.mailing       unlink                    yes      yes    yes    yes   no       no     no
mailing.mailing       copy                      yes      yes    yes    no    no       no     no
mailing.mailing       action_set_pending        yes      yes    yes    no    no       no     no
mailing.mailing       action_put_in_queue       yes      yes    yes    no    no       no     no
mailing.mailing       action_back_to_draft      yes      yes    yes    yes   no       no     no
mailing.mailing       action_pause              yes      yes    yes    yes   no       no     no
mailing.mailing       action_resume             yes      yes    yes    yes   no       no     no
mailing.mailing       action_try_now            yes      yes    yes    yes   no       no     no
mailing.mailing       action_end                yes      yes    yes    yes   no       no     no
mailing.mailing       action_retry_failed       yes      yes    yes    yes   no       no     no
mailing.mailing       action_send_unknown_again yes      yes    yes    yes   no       no     no
mailing.mailing       action_leave_unknown      yes      yes    yes    yes   no       no     no
mailing.mailing       action_send_test          yes      yes    yes    no    no       no     no
mailing.mailing       action_check              yes      yes    yes    no    no       no     no
mailing.mailing       action_check_and_set_pending yes   yes    yes    no    no       no     no
mailing.mailing       action_preview            yes      yes    yes    no    no       no     no
mailing.mailing       action_save_as_template   yes      yes    yes    no    no       no     no
mailing.check         action_set_pending        yes      yes    yes    no    no       no     no
mailing.check         create                    yes      yes    yes    no    no       no     no
mailing.preview       create                    yes      yes    yes    no    no       no     no
mailing.preview       get_neighbour             yes      yes    yes    no    no       no     no
mailing.save.template action_save               yes      yes    yes    no    no       no     no
mailing.mailing       action_view_members       yes      yes    yes    no    no       no     no
mailing.mailing       get_audience              yes      yes    yes    no    no       no     no
mailing.mailing       get_progress              yes      yes    yes    no    no       no     no
mailing.mailing       action_send_to_unopened   yes      yes    yes    no    no       no     no
mailing.mailing       action_view_audience      yes      yes    yes    no    no       no     no
mailing.mailing       get_figures               yes      yes    yes    yes   no       no     no
mailing.mailing       action_view_figure        yes      yes    yes    no    no       no     no
mailing.mailing       get_click_map             yes      yes    yes    no    no       no     no
mailing.mailing       action_duplicate          yes      yes    yes    no    no       no     no
mailing.mailing       action_launch             yes      yes    yes    no    no       no     no
mailing.mailing       action_schedule           yes      yes    yes    no    no       no     no
mailing.mailing       action_test               yes      yes    yes    no    no       no     no
mailing.mailing       action_cancel             yes      yes    yes    yes   no       no     no
mailing.mailing       action_select_as_winner   yes      yes    yes    yes   no       no     no
mailing.mailing       get_formview_action       yes      yes    yes    yes   no       no     no
mailing.mailing.test  send_mail_test            yes      yes    yes    no    no       no     no
mailing.send.test     action_send               yes      yes    yes    no    no       no     no
mailing.contact.import action_import            yes      yes    yes    no    no       no     no
mailing.contact.import action_open_base_import  yes      yes    yes    no    no       no     no
mailing.contact.import create                   yes      yes    yes    no    no       no     no
mailing.contact.import write                    yes      yes    yes    no    no       no     no
mailing.list.add      create                    yes      yes    yes    no    no       no     no
mailing.list.add      write                     yes      yes    yes    no    no       no     no
mailing.list.add      action_add                yes      yes    yes    no    no       no     no
mailing.list.from.log create                    yes      yes    yes    no    no       no     no
mailing.list.from.log write                     yes      yes    yes    no    no       no     no
mailing.list.from.log action_create             yes      yes    yes    no    no       no     no
mailing.list.from.log count_presets             yes      yes    yes    no    no       no     no
mailing.list.from.log create_from_preset        yes      yes    yes    no    no       no     no
mailing.list.merge    action_merge_and_open     yes      yes    yes    no    no       no     no
mailing.trace         read                      yes      yes    yes    no    no       no     no
mailing.trace         search                    yes      yes    yes    no    no       no     no
mailing.trace         write                     yes      yes    yes    no    no       no     no
mailing.trace         action_send_again         yes      yes    yes    no    no       no     no
mailing.trace         action_leave              yes      yes    yes    no    no       no     no
mailing.trace         action_view_log_lines     yes      yes    yes    no    no       no     no
res.partner           action_view_target_lists  yes      yes    yes    no    no       no     no
res.partner           action_view_campaign_log  yes      yes    yes    no    no       no     no
crm.lead              action_view_target_lists  no       yes    no     no    no       no     no
crm.lead              action_view_campaign_log  no       yes    no     no    no       no     no
res.users             action_view_target_lists  yes      yes    yes    no    no       no     no
res.users             action_view_campaign_log  yes      yes    yes    no    no       no     no
mailing.trace         set_opened                yes      yes    yes    no    no       no     no
mailing.trace         set_replied               yes      yes    yes    no    no       no     no
mailing.trace         set_bounced               yes      yes    yes    no    no       no     no
mailing.trace.event   read                      yes      yes    yes    yes   no       no     no
mailing.trace.event   write                     no       no     no     no    no       no     no
mailing.trace.event   unlink                    no       no     no     yes   no       no     no
mailing.trace.event   get_statistics            yes      yes    yes    no    no       no     no
mailing.trace.event   get_curve                 yes      yes    yes    yes   no       no     no
mailing.trace.event   action_open               yes      yes    yes    yes   no       no     no
mailing.message.report search                   yes      yes    yes    no    no       no     no
mailing.message.report create                   no       no     no     no    no       no     no
mailing.trace.hit     search                    yes      yes    yes    yes   no       no     no
mailing.trace.hit     create                    no       no     no     no    no       no     no
mailing.opt.out       search                    yes      yes    yes    no    no       no     no
mailing.opt.out       create                    no       no     no     no    no       no     no
mailing.opt.out       unlink                    no       no     no     no    no       no     no
mailing.address       search                    yes      yes    yes    no    no       no     no
mailing.address       create                    no       no     no     no    no       no     no
mailing.address       write                     no       no     no     no    no       no     no
mailing.address       action_clear              yes      yes    yes    no    no       no     no
mailing.journal.run   search                    no       no     no     yes   no       no     no
mailing.journal.run   create                    no       no     no     no    no       no     no
mailing.journal.ack   search                    no       no     no     yes   no       no     no
mailing.journal.ack   create                    no       no     no     no    no       no     no
mailing.portion.count search                    no       no     no     yes   no       no     no
mailing.portion.count create                    no       no     no     no    no       no     no
mailing.portion.domain search                   no       no     no     yes   no       no     no
mailing.portion.domain create                   no       no     no     no    no       no     no
mailing.contact       create                    yes      yes    yes    no    no       no     no
mailing.contact       write                     yes      yes    yes    no    no       no     no
mailing.contact       web_save                  yes      yes    yes    no    no       no     no
mailing.contact       onchange                  yes      yes    yes    no    no       no     no
mailing.list          create                    yes      yes    yes    no    no       no     no
mailing.list          write                     yes      yes    yes    no    no       no     no
mailing.list          copy                      yes      yes    yes    no    no       no     no
mailing.list          action_merge              yes      yes    yes    no    no       no     no
mailing.list          action_sync               yes      yes    yes    no    no       no     no
mailing.list.criterion create                   yes      yes    yes    no    no       no     no
mailing.list.criterion write                    yes      yes    yes    no    no       no     no
mailing.list.criterion action_sync              yes      yes    yes    no    no       no     no
mailing.list.criterion action_delete            yes      yes    yes    no    no       no     no
mailing.list.criterion action_take_over         yes      yes    yes    no    no       no     no
mailing.contact.import action_import            yes      yes    yes    no    no       no     no
mailing.list          unlink                    yes      yes    yes    no    no       no     no
mailing.list          action_archive            yes      yes    yes    no    no       no     no
mailing.list          get_figures               yes      yes    yes    no    no       no     no
mailing.list          get_target_kinds          yes      yes    yes    no    no       no     no
mailing.list          action_view_figure        yes      yes    yes    no    no       no     no
mailing.list          action_view_contacts_email yes     yes    yes    no    no       no     no
mailing.list          action_send_mailing       yes      yes    yes    yes   no       no     no
mailing.list          add_targets               yes      yes    yes    no    no       no     no
mailing.list          remove_members            yes      yes    yes    no    no       no     no
mailing.list.category create                    yes      yes    yes    no    no       no     no
mail.blacklist        create                    yes      yes    yes    yes   no       no     no
mail.blacklist        write                     yes      yes    yes    yes   no       no     no
mail.blacklist        unlink                    yes      yes    yes    yes   no       no     no
mailing.subscription  create                    yes      yes    yes    no    no       no     no
mailing.subscription  write                     yes      yes    yes    no    no       no     no
mailing.subscription  action_add_record         yes      yes    yes    no    no       no     no
mailing.subscription  action_opt_out            yes      yes    yes    no    no       no     no
mailing.subscription  action_cancel_opt_out     yes      yes    yes    no    no       no     no
mailing.address.lookup action_look_up           yes      yes    yes    yes   no       no     no
mailing.address.lookup action_export            yes      yes    yes    yes   no       no     no
mailing.address.lookup action_erase             no       no     no     yes   no       no     no
mailing.address.lookup action_lift              no       no     no     yes   no       no     no
mailing.erased.address search                   no       no     no     yes   no       no     no
mailing.erased.address create                   no       no     no     no    no       no     no
mailing.address.flags action_apply              yes      yes    yes    no    no       no     no
mailing.subscription  action_open_record        yes      yes    yes    no    no       no     no
mailing.subscription  action_remove             yes      yes    yes    no    no       no     no
mailing.opt.out       action_open_record        yes      yes    yes    no    no       no     no
mailing.opt.out       action_cancel             yes      yes    yes    no    no       no     no
link.tracker          create                    yes      yes    yes    yes   no       no     no
link.tracker          write                     yes      yes    yes    yes   no       no     no
link.tracker          unlink                    yes      yes    yes    yes   no       no     no
link.tracker.click    add_click                 no       no     no     yes   no       no     no
link.tracker.code     write                     no       no     no     yes   no       no     no
link.tracker.code     unlink                    no       no     no     yes   no       no     no
utm.medium            write                     yes      yes    yes    yes   yes      no     no
utm.source            write                     yes      yes    yes    yes   yes      no     no
crm.lead              create                    no       yes    no     no    no       no     no
utm.campaign          read                      yes      yes    yes    yes   yes      no     no
utm.campaign          write                     yes      yes    yes    yes   no       no     no
utm.campaign          copy                      yes      yes    yes    yes   yes      no     no
utm.campaign          action_list_from_log      yes      yes    yes    no    no       no     no
utm.campaign          get_log_figures           yes      yes    yes    yes   no       no     no
utm.campaign          action_view_log           yes      yes    yes    yes   no       no     no
utm.campaign          get_figures               yes      yes    yes    yes   yes      no     no
utm.campaign          action_view_figure        yes      yes    yes    no    no       no     no
res.config.settings   create                    no       no     no     yes   no       no     no
res.config.settings   set_values                no       no     no     yes   no       no     no
res.config.settings   get_values                no       no     no     yes   no       no     no
res.config.settings   action_view_scheduled_action no    no     no     yes   no       no     no
mailing.checkup.finding action_check_up         no       no     no     yes   no       no     no
mailing.checkup.finding action_mend             no       no     no     yes   no       no     no
mailing.checkup.finding get_alert               yes      yes    yes    yes   yes      yes    yes
mailing.checkup.finding create                  no       no     no     no    no       no     no
"""

# Called by Odoo in the course of what the matrix lists, and telling nothing by themselves.
NOT_LISTED = {"init", "default_get", "copy_data", "get_formview_id", "export_data"}
NOT_LISTED |= {"message_route"}  # takes a parsed mail, which no client can send

# What our fields tell employees without Email Marketing.
SEEN_BY_EMPLOYEES = {
    "link.tracker.active",
    "link.tracker.click_action",
    "link.tracker.is_tracking_url",
    "link.tracker.message",
    "link.tracker.placeholder",
    "utm.campaign.budget",
    "utm.campaign.budget_currency_id",
    "utm.campaign.campaign_status",
    "utm.campaign.campaign_type",
    "utm.campaign.date_end",
    "utm.campaign.date_start",
    "utm.campaign.description",
    "utm.campaign.is_out_of_reach",
    "utm.campaign.is_read_only",
    "utm.campaign.is_type_locked",
    "utm.campaign.sends_mass_emails",
    "utm.campaign.team_id",
}


class TestRightsMatrix(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contact = cls._contact("Anna", cls.target_list)
        cls.lead = cls.env["crm.lead"].create({"name": "Lee", "user_id": cls.seller.id})
        company = cls.env["res.company"].create({"name": "Abroad"})
        cls.users = {
            "marketer": cls.marketer,
            "seller": cls.seller,
            "abroad": cls._user(
                "abroad",
                ALL_CAMPAIGNS,
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            ),
            "admin": cls._user("settings", "base.group_system"),
            "employee": cls._user("employee", "base.group_user"),
            "portal": cls._user("customer", "base.group_portal"),
            "public": cls.env.ref("base.public_user"),
        }

    @classmethod
    def _user(cls, login, groups, **values):
        return new_test_user(cls.env, login=login, groups=groups, **values)

    def test_everybody_can_do_what_she_may_and_nothing_else(self):
        [columns, *rows] = [line.split() for line in MATRIX.strip().splitlines()]
        for model, method, *expected in rows:
            with self.subTest(f"{model}.{method}"):
                answers = self.answers(model, method, columns[2:])
                self.assertEqual(answers, dict(zip(columns[2:], expected, strict=True)))

    def test_the_matrix_has_every_button_and_public_method(self):
        rows = {tuple(line.split()[:2]) for line in MATRIX.strip().splitlines()}
        self.assertFalse((self.buttons() | self.public_methods()) - rows)

    def test_every_button_can_be_pressed_that_is_it_takes_the_records_of_its_screen(self):
        for model, method in self.buttons():
            with self.subTest(f"{model}.{method}"):
                self.assertFalse(hasattr(getattr(self.env[model], method), "_api_model"))

    def test_what_employees_see_of_it(self):
        self.assertEqual(self.visible_fields("employee"), SEEN_BY_EMPLOYEES)
        self.assertFalse(self.visible_fields("portal") | self.visible_fields("public"))
        campaigns = self.env["utm.campaign"].with_user(self.users["employee"])
        with self.assertRaises(AccessError):
            campaigns.search([("target_list_ids.name", "=", "Customers")])

    def test_a_marketer_without_sales_rights_reads_no_leads_through_contacts(self):
        lead = self.env["crm.lead"].create({"name": "Big deal", "email_from": "lee@example.com"})
        target = self.env["mailing.contact"]._for_records(lead).with_user(self.marketer)
        self.assertEqual(target.email, "lee@example.com", "a member is no secret")
        with self.assertRaises(AccessError):
            target.lead_id.read(["name"])
        with self.assertRaises(AccessError):
            target.search([("lead_id.name", "=", "Big deal")])

    # ------------------------------------------------------------
    # How it is found out
    # ------------------------------------------------------------

    def answers(self, model, method, names):
        """Call a method as every user; what one does is taken back before the next."""
        record = self.record(model)
        wizard, arguments = self.wizard(model), self.arguments(model, method)
        answers = {}
        for name in names:
            with self.committing(record) as committing:
                record_of_user = committing.with_user(self.users[name].id)
                may = self.may(record_of_user, method, arguments, wizard)
                answers[name] = "yes" if may else "no"
                committing.env.cr.rollback()
        return answers

    def may(self, record, method, arguments, wizard):
        """Tell whether a user may call a method, and open the window that it returns."""
        try:
            if wizard is not None:
                record = record.create(wizard)
            action = getattr(record, method)(*deepcopy(arguments))
            if isinstance(action, dict) and "res_model" in action:
                record.env[action["res_model"]].check_access("read")
        except AccessError:
            return False
        except UserError:
            return True  # what is missing is told to who may do it
        return True

    def record(self, model):
        there = {
            "utm.campaign": self.campaign,
            "link.tracker": self.offer,
            "link.tracker.code": self.offer.link_code_ids,
            "mailing.subscription": self.contact.subscription_ids,
            "mailing.contact": self.contact,
            "mailing.list": self.target_list,
            "crm.lead": self.lead,
            "res.users": self.marketer,
            "res.partner": self.marketer.partner_id,
        }
        if model in there:
            return there[model]
        if model == "mailing.list.criterion":
            return self.env[model].create({"list_id": self.target_list.id})
        if model == "mailing.opt.out":
            self.contact.subscription_ids.opt_out = True
            return self.env[model].search([("contact_id", "=", self.contact.id)])
        if model in ("utm.medium", "utm.source"):
            return self.env[model].create({"name": "New"})
        if model == "mail.blacklist":
            return self.env[model]._add("blocked@example.com")
        if model == "mailing.address":
            self.env[model]._receive_failures([("dead@example.com", True, "no such user", None)])
            return self.env[model].search([("address", "=", "dead@example.com")])
        if model == "mailing.checkup.finding":
            values = {"topic": "scheduled_action", "grade": "bad", "words": "Off"}
            return self.env[model].create({**values, "mend": "switch_on"})
        mailing = self._mass_email()
        if model == "mailing.trace":
            mailing._build_queue()
            return mailing.mailing_trace_ids
        if model == "mailing.trace.event":
            mailing._build_queue()
            mailing.mailing_trace_ids.sudo()._log_event("sent")
            return self.env[model].search([("mailing_id", "=", mailing.id)])
        return mailing if model == "mailing.mailing" else self.env[model]

    def wizard(self, model):
        """Values of a wizard, which belongs to who opens it."""
        return {
            "mailing.send.test": {"mailing_id": self._mass_email().id},
            "mailing.check": {"mailing_id": self._mass_email().id},
            "mailing.save.template": {"mailing_id": self._mass_email().id, "name": "New"},
            "mailing.mailing.test": {"mass_mailing_id": self._mass_email().id},
            "mailing.address.flags": {"addresses": ["dora@example.com"], "dead": "yes"},
            "mailing.address.lookup": {"email": "dora@example.com"},
            "mailing.list.from.log": {"campaign_id": self.campaign.id, "name": "New"},
            "mailing.contact.import": {"contact_list": "dora@example.com"},
            "mailing.list.add": {},
            "mailing.list.merge": {"src_list_ids": [], "new_list_name": "Both"},
            "res.config.settings": {},
        }.get(model)

    def arguments(self, model, method):
        new = {
            "mailing.mailing": {"subject": "New", "delivery_mode": "portions"},
            "mailing.contact": {"name": "Dora", "email": "dora@example.com"},
            "mailing.list": {"name": "New", "contact_ids": [Command.link(self.contact.id)]},
            "mailing.list.criterion": {"list_id": self.target_list.id},
            "mailing.address": {"address": "dora@example.com"},
            "mailing.erased.address": {"digest": "0" * 64},
            "mailing.checkup.finding": {"topic": "dns", "grade": "good", "words": "Good"},
            "crm.lead": {"name": "Deal", "campaign_id": self.campaign.id},
            "mailing.preview": {"mailing_id": self._mass_email().id},
            "mailing.check": {"mailing_id": self._mass_email().id},
            "mail.blacklist": {"email": "dora@example.com"},
            "mailing.list.category": {"name": "News"},
            "mailing.subscription": {
                "contact_id": self._contact("Bob").id,
                "list_id": self.target_list.id,
            },
            "link.tracker": {
                "title": f"Link {self._contact('Carl').id}",
                "url": "https://www.example.com",
                "campaign_id": self.campaign.id,
                "is_tracking_url": True,
            },
        }
        changes = {
            "mailing.mailing": {"subject": "Other"},
            "mailing.contact": {"name": "Other"},
            "mailing.list": {"name": "Other"},
            "mailing.list.criterion": {"mode": "keep", "domain": "[('id', '=', 0)]"},
            "mailing.contact.import": {"contact_list": "other@example.com"},
            "mailing.list.add": {"name": "Other"},
            "mailing.list.from.log": {"list_id": self.target_list.id},
            "mailing.address": {"words": "Other"},
            "mailing.trace": {"failure_reason": "Other"},
            "mail.blacklist": {"active": False},
            "mailing.subscription": {"opt_out": True},
            "mailing.trace.event": {"email": "other@example.com"},
            "link.tracker": {"title": "Other"},
            "utm.campaign": {"campaign_status": "active"},
            "link.tracker.code": {"code": "other"},
            "utm.medium": {"name": "Other"},
            "utm.source": {"name": "Other"},
        }
        return {
            "create": [new.get(model, {})],
            "write": [changes.get(model)],
            "search": [[]],
            "add_click": [self.offer.code],
            "onchange": [{}, [], {}],
            "web_save": [{"name": "Other"}, {}],
            "action_merge": [self.excluding_list, False],
            "get_audience": [{"contact_list_ids": self.target_list.ids}],
            "action_view_audience": ["mailed"],
            "count_presets": [self.campaign.id],
            "create_from_preset": [self.campaign.id, "clicked", "New"],
            "action_view_figure": ["members" if model == "mailing.list" else "sent"],
            "get_neighbour": [self._mass_email().id, 0, 1],
            "add_targets": ["mailing.contact", []],
            "remove_members": [[]],
            "get_statistics": [self.campaign.id],
            "get_curve": [self.campaign.id],
        }.get(method, [])

    def buttons(self):
        views = self.env["ir.ui.view"].browse(self.ours("ir.ui.view"))
        return {
            (view.model, button.get("name"))
            for view in views.filtered("model")
            for button in etree.fromstring(view.arch).iter("button")
            if button.get("type") == "object"
        }

    def public_methods(self):
        return {
            (model, name)
            for model, model_class in self.registry.items()
            if not model_class._abstract
            for base in model_class.__mro__
            if base.__module__.startswith("odoo.addons.mass_mailing_campaign.")
            for name, value in vars(base).items()
            if callable(value) and not name.startswith("_") and name not in NOT_LISTED
        }

    def visible_fields(self, name):
        """Fields of ours that a user may read, of the models she may read."""
        visible = set()
        for field in self.env["ir.model.fields"].browse(self.ours("ir.model.fields")):
            records = self.env[field.model].with_user(self.users[name])
            if field.modules == "mass_mailing_campaign" and records.has_access("read"):
                python_field = records._fields[field.name]
                if records._has_field_access(python_field, "read"):
                    visible.add(str(python_field))
        return visible

    def ours(self, model):
        domain = [("module", "=", "mass_mailing_campaign"), ("model", "=", model)]
        return self.env["ir.model.data"].search(domain).mapped("res_id")
