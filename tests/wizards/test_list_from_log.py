from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ..common import MassEmailCase


class TestListFromLog(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contacts = {
            name: cls._contact(name, cls.target_list) for name in ("Anna", "Bob", "Carl", "Dora")
        }

    def setUp(self):
        super().setUp()
        self.mailing = self._mass_email()
        self.send(self.mailing)
        self.click("Anna", self.offer)
        self.click("Bob", self.demo)
        self.click("Dora", self.offer)
        self.trace("Dora")._receive_opt_out()

    def trace(self, name):
        return self.mailing.mailing_trace_ids.filtered(
            lambda trace: trace.contact_id.name == name
        ).sudo()

    def click(self, name, link):
        self.trace(name)._receive_click(link.code)

    def wizard(self, *did, did_not=(), **values):
        wizards = self.env["mailing.list.from.log"].with_user(self.marketer)
        return wizards.create(
            {
                "campaign_id": self.campaign.id,
                "name": "From log",
                "did_ids": [Command.set(wizards._options("event_type", did).ids)],
                "did_not_ids": [Command.set(wizards._options("event_type", did_not).ids)],
                **values,
            }
        )

    def create_list(self, *did, **values):
        wizard = self.wizard(*did, **values)
        count = wizard.contact_count
        target_list = self.opened(wizard.action_create())
        self.assertEqual(target_list.contact_count, count)
        return sorted(target_list.contact_ids.mapped("name"))

    def opened(self, action):
        """The list that an action opens."""
        return self.env["mailing.list"].browse(action["params"]["next"]["res_id"])

    def test_all_who_clicked_a_given_url(self):
        names = self.create_list("clicked", did_link_ids=self.offer.ids)
        self.assertEqual(names, ["Anna", "Dora"])

    def test_sent_without_those_who_clicked(self):
        self.assertEqual(self.create_list("sent", did_not=["clicked"]), ["Carl"])

    def test_several_actions_are_joined(self):
        self.assertEqual(self.create_list("clicked", "opted_out"), ["Anna", "Bob", "Dora"])

    def test_who_opted_out_is_left_out_unless_the_user_says_otherwise(self):
        wizard = self.env["mailing.list.from.log"].new({"campaign_id": self.campaign.id})
        self.assertEqual(wizard.did_not_ids.mapped("value"), ["opted_out"])

    def test_only_the_chosen_mass_emails_count(self):
        other = self._mass_email()
        with self.assertRaises(UserError):
            self.create_list("sent", mailing_ids=other.ids)

    def test_selected_log_lines_preset_the_wizard(self):
        events = self.env["mailing.trace.event"].search(
            [("link_id", "=", self.offer.id), ("event_type", "=", "clicked")]
        )
        wizard = self.env["mailing.list.from.log"].with_context(
            active_model="mailing.trace.event", active_ids=events.ids
        )
        values = wizard.default_get(["campaign_id", "did_ids", "did_link_ids"])
        self.assertEqual(values["campaign_id"], self.campaign.id)
        self.assertEqual(values["did_link_ids"], [(6, 0, self.offer.ids)])

    def test_tests_are_left_out(self):
        target = self._contact("Tester")
        with self.smtp(), self.committing(self.mailing) as mailing:
            mailing._send_test(mailing.env["mailing.contact"].browse(target.id))
        self.assertNotIn("Tester", self.create_list("sent"))

    def test_nothing_found_creates_nothing(self):
        with self.assertRaisesRegex(UserError, "Nobody"):
            self.create_list("bounced")
        self.assertFalse(self.env["mailing.list"].search([("name", "=", "From log")]))

    def test_did_and_did_not_by_tracking_url(self):
        self.click("Anna", self.demo)
        names = self.create_list(
            "clicked",
            did_not=["clicked"],
            did_link_ids=self.offer.ids,
            did_not_link_ids=self.demo.ids,
        )
        self.assertEqual(names, ["Dora"])

    def test_all_of_several_actions(self):
        self.assertEqual(self.create_list("clicked", "opted_out", match="every"), ["Dora"])

    def test_bounces_by_their_kind(self):
        final, temporary = self.env["mailing.list.from.log"]._options(
            "bounce_type", ["final", "temporary"]
        )
        self.trace("Bob")._receive_bounce("temporary", "mailbox full")
        self.trace("Carl")._receive_bounce("final", "no such user")
        self.assertEqual(self.create_list("bounced"), ["Bob", "Carl"])
        self.assertEqual(self.create_list("bounced", did_bounce_ids=final.ids), ["Carl"])
        self.assertEqual(self.create_list("bounced", did_bounce_ids=temporary.ids), ["Bob"])
        names = self.create_list("sent", did_not=["bounced"], did_not_bounce_ids=final.ids)
        self.assertEqual(names, ["Anna", "Bob", "Dora"])

    def test_who_did_not_open_was_sent_to(self):
        self._contact("Never", self.target_list)
        self.assertEqual(self.create_list("sent", did_not=["opened"]), ["Carl"])
        self.trace("Carl")._receive_reply()
        with self.assertRaisesRegex(UserError, "Nobody"):
            self.create_list("sent", did_not=["opened"])

    def test_a_span_of_days_as_they_are_where_the_user_is(self):
        self.marketer.tz = "Asia/Tokyo"
        event = self.env["mailing.trace.event"].search(
            [("contact_id", "=", self.contacts["Anna"].id), ("event_type", "=", "clicked")]
        )
        # the 3rd of March has begun in Tokyo
        event.sudo().event_datetime = "2026-03-02 15:30:00"
        names = self.create_list("clicked", date_from="2026-03-03", date_to="2026-03-03")
        self.assertEqual(names, ["Anna"])
        for day in ("2026-03-02", "2026-03-04"):
            with self.assertRaisesRegex(UserError, "Nobody"):
                self.create_list("clicked", date_from=day, date_to=day)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.wizard("clicked", date_from="2026-03-04", date_to="2026-03-03")

    def test_into_a_list_there_is_nobody_comes_twice_and_who_left_stays_out(self):
        known = self.contacts["Anna"]
        target_list = self._list("Friends", known, self.contacts["Dora"])
        dora = target_list.subscription_ids.filtered(lambda each: each.contact_id.name == "Dora")
        dora.opt_out = True
        self.env["mailing.opt.out"]._remember(
            target_list, self.contacts["Bob"], ["bob@example.com"]
        )
        wizard = self.wizard("clicked", name=False, destination="existing", list_id=target_list.id)
        action = wizard.action_create()
        self.assertEqual(self.opened(action), target_list)
        self.assertEqual(
            action["params"]["message"],
            "Friends: 1 added, 1 left the list before and stay opted out, 2 there already.",
        )
        members = {each.contact_id.name: each.opt_out for each in target_list.subscription_ids}
        self.assertEqual(members, {"Anna": False, "Dora": True, "Bob": True})

    def test_a_list_that_was_deleted_meanwhile_is_told_of(self):
        other, ended = self._list("Other"), self._list("Ended")
        wizard = self.wizard("sent", destination="existing", list_id=other.id)
        (other | ended).unlink()
        with self.assertRaisesRegex(UserError, "deleted meanwhile"):
            self.wizard("sent", destination="existing", list_id=ended.id)
        with self.assertRaisesRegex(UserError, "deleted meanwhile"):
            wizard.list_id = ended.id
        with self.assertRaisesRegex(UserError, "Choose the target list"):
            wizard.action_create()

    def test_an_archived_list_is_not_filled(self):
        other = self._list("Other")
        wizard = self.wizard("sent", destination="existing", list_id=other.id)
        other.active = False
        with self.assertRaisesRegex(UserError, "Other.*archived"):
            wizard.action_create()
        self.assertFalse(other.contact_ids)

    def test_what_a_list_was_merged_into_is_filled_in_its_place(self):
        other, heir = self._list("Other"), self._list("Heir")
        wizard = self.wizard("sent", destination="existing", list_id=other.id)
        heir.action_merge(other, archive=True)
        self.assertEqual(self.opened(wizard.action_create()), heir)
        self.assertEqual(len(heir.contact_ids), 4)
        self.assertFalse(other.contact_ids)

    def test_what_is_missing_is_told(self):
        for words, values in (
            ("name", {"name": " "}),
            ("Choose the target list", {"destination": "existing"}),
            ("did", {"did_ids": [Command.clear()]}),
        ):
            with self.subTest(words), self.assertRaisesRegex(UserError, words):
                self.wizard("clicked", **values).action_create()

    def test_selected_lines_make_a_list_of_their_people(self):
        events = self.env["mailing.trace.event"].search(
            [("event_type", "in", ["sent", "clicked"]), ("mailing_id", "=", self.mailing.id)]
        )
        ticked = events.filtered(
            lambda event: event.contact_id.name in ("Anna", "Carl") and event.event_type == "sent"
        )
        names = self.from_lines(ticked).contact_ids.mapped("name")
        self.assertEqual(sorted(names), ["Anna", "Carl"])
        names = self.from_lines(ticked, scope="campaign").contact_ids.mapped("name")
        self.assertEqual(sorted(names), ["Anna", "Bob", "Carl"], "all like these; Dora opted out")

    def test_selected_lines_of_a_deleted_mass_email_count_beside_those_of_another(self):
        other = self._mass_email()
        self.send(other)
        other.mailing_trace_ids.filtered(
            lambda trace: trace.contact_id.name == "Carl"
        )._receive_click(self.offer.code)
        events = self.env["mailing.trace.event"].search(
            [("campaign_id", "=", self.campaign.id), ("event_type", "=", "clicked")]
        )
        other.unlink()
        names = self.from_lines(events).contact_ids.mapped("name")
        self.assertEqual(sorted(names), ["Anna", "Bob", "Carl"])

    def test_selected_clicks_of_a_deleted_tracking_url_mean_that_one(self):
        events = self.env["mailing.trace.event"].search(
            [("link_id", "=", self.offer.id), ("mailing_id", "=", self.mailing.id)]
        )
        anna = events.filtered(lambda event: event.contact_id.name == "Anna")
        other = self._mass_email()
        self.send(other)
        (bob,) = other.mailing_trace_ids.filtered(lambda trace: trace.contact_id.name == "Bob")
        bob.sudo()._receive_click(self.offer.code)
        self.offer.with_user(self.marketer).unlink()
        self.mailing.active = False
        target_list = self.from_lines(anna, scope="campaign")
        self.assertEqual(target_list.contact_ids.mapped("name"), ["Anna"], "Bob did by another")

    def test_all_search_results_are_more_than_the_client_names(self):
        domain = [("campaign_id", "=", self.campaign.id), ("event_type", "=", "sent")]
        one = self.env["mailing.trace.event"].search(domain, limit=1)
        target_list = self.from_lines(one, active_domain=domain, all_results=True)
        self.assertEqual(sorted(target_list.contact_ids.mapped("name")), ["Anna", "Bob", "Carl"])

    def test_a_few_ticked_lines_are_those_whatever_the_search(self):
        # be they as many as the client is allowed to name
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", "1")
        domain = [("campaign_id", "=", self.campaign.id), ("event_type", "=", "sent")]
        events = self.env["mailing.trace.event"].search(domain)
        anna = events.filtered(lambda event: event.contact_id.name == "Anna")
        target_list = self.from_lines(anna, active_domain=domain)
        self.assertEqual(target_list.contact_ids, anna.contact_id)

    def test_selected_opt_outs_are_not_left_out(self):
        events = self.env["mailing.trace.event"].search(
            [("event_type", "=", "opted_out"), ("mailing_id", "=", self.mailing.id)]
        )
        self.assertEqual(self.from_lines(events).contact_ids.mapped("name"), ["Dora"])

    def from_lines(self, events, active_domain=None, all_results=False, **values):
        wizards = self.env["mailing.list.from.log"].with_user(self.marketer)
        wizards = wizards.with_context(
            active_model="mailing.trace.event",
            active_ids=events.ids,
            active_domain=active_domain,
            **({"is_domain_selected": True} if all_results else {}),
        )
        form = Form(wizards)
        form.name = "Of these"
        for name, value in values.items():
            form[name] = value
        return self.opened(form.save().action_create())

    def test_lines_of_several_campaigns_make_no_list(self):
        other = self.campaign.copy({"title": "Other"})
        self.send(self._mass_email(campaign_id=other.id, body="<p>News</p>"))
        events = self.env["mailing.trace.event"].search([("event_type", "=", "sent")])
        with self.assertRaisesRegex(UserError, "one campaign"):
            self.from_lines(events)

    def test_a_preset_makes_a_list_at_once(self):
        self.trace("Carl")._receive_bounce("final", "no such user")
        wizards = self.env["mailing.list.from.log"].with_user(self.marketer)
        counts = wizards.count_presets(self.campaign.id)
        expected = {
            "clicked": ["Anna", "Bob"],
            "opened_not_clicked": [],
            "not_opened": ["Carl"],
            "bounced_for_good": ["Carl"],
        }
        self.assertEqual(counts, {preset: len(names) for preset, names in expected.items()})
        for preset, names in expected.items():
            if names:
                action = wizards.create_from_preset(self.campaign.id, preset, f"Summer: {preset}")
                target_list = self.opened(action)
                self.assertEqual(target_list.name, f"Summer: {preset}")
                self.assertEqual(sorted(target_list.contact_ids.mapped("name")), names)

    def test_where_openings_are_not_tracked_nobody_is_said_not_to_have_opened(self):
        self.set_setting("open_tracking", False)
        wizards = self.env["mailing.list.from.log"].with_user(self.marketer)
        counts = wizards.count_presets(self.campaign.id)
        self.assertEqual(counts["not_opened"], 1, "they were, for this campaign")
        other = self.campaign.copy({"title": "Other"})
        self.assertEqual(
            wizards.count_presets(other.id),
            {"clicked": 0, "opened_not_clicked": None, "not_opened": None, "bounced_for_good": 0},
        )

    def test_whether_openings_are_tracked_says_the_mass_email_not_the_setting(self):
        self.set_setting("open_tracking", False)
        other = self.campaign.copy({"title": "Other"})
        self.send(self._mass_email(campaign_id=other.id, body="<p>News</p>", open_tracking=True))
        wizards = self.env["mailing.list.from.log"].with_user(self.marketer)
        self.assertEqual(wizards.count_presets(other.id)["not_opened"], 3, "nobody has, so far")

    def test_who_got_a_mass_email_that_is_not_tracked_is_not_said_not_to_have_opened_it(self):
        others = self._list("Others", self._contact("Eve"), self.contacts["Anna"])
        untracked = self._mass_email(open_tracking=False, contact_list_ids=others.ids)
        self.send(untracked)
        self.assertEqual(self.create_list("sent", did_not=["opened"]), ["Carl"])
        wizards = self.env["mailing.list.from.log"].with_user(self.marketer)
        self.assertEqual(wizards.count_presets(self.campaign.id)["not_opened"], 1)
        # it was tracked when it was sent
        self.mailing.open_tracking = False
        self.assertEqual(self.create_list("sent", did_not=["opened"]), ["Carl"])

    def test_only_marketers_count_and_make_presets(self):
        employee = new_test_user(self.env, login="employee", groups="base.group_user")
        wizards = self.env["mailing.list.from.log"].with_user(employee)
        with self.assertRaises(AccessError):
            wizards.count_presets(self.campaign.id)
        with self.assertRaises(AccessError):
            wizards.create_from_preset(self.campaign.id, "clicked", "Mine")

    def test_the_log_is_read_once_however_much_is_asked(self):
        wizard = self.wizard("sent", "opened", did_not=["clicked", "replied", "bounced"])
        wizard.contact_count  # noqa: B018 (what is cached is cached)
        wizard.invalidate_recordset(["contact_count"])
        domain = wizard._contact_domain()
        with self.assertQueryCount(1):
            self.env["mailing.contact"].with_user(self.marketer).search_count(domain)

    def again(self, mailing):
        """A mass email to those who did not open another."""
        mailing.open_tracking = True
        action = mailing.with_user(self.marketer).action_send_to_unopened()
        return self.env["mailing.mailing"].browse(action["res_id"])

    def test_who_opts_out_by_a_mass_email_is_not_mailed_by_the_one_that_repeats_it(self):
        again = self.again(self.mailing)
        self.assertEqual(again.contact_list_ids.contact_ids, self.contacts["Carl"])
        self.trace("Carl")._receive_opt_out()
        again._build_queue()
        self.assertEqual(self.outcomes(again), {"Carl": "mail_optout"})

    def test_a_mass_email_without_a_campaign_can_be_sent_to_who_did_not_open(self):
        lists = {"contact_list_ids": self.target_list.ids, "campaign_id": False}
        alone = self._mass_email("<p>News</p>", **lists)
        self.send(alone)
        again = self.again(alone)
        names = again.contact_list_ids.contact_ids.mapped("name")
        self.assertEqual(sorted(names), ["Anna", "Bob", "Carl"])

    def test_where_new_lists_require_opt_in_who_was_sent_to_has_it(self):
        self.set_setting("opt_in_required", True)
        again = self.again(self.mailing)
        again._build_queue()
        self.assertEqual(self.outcomes(again), {"Carl": "outgoing"})

    def test_nor_by_any_that_repeats_it_again(self):
        again = self.again(self.mailing)
        self.send(again)
        once_more = self.again(again)
        self.trace("Carl")._receive_opt_out()
        once_more._build_queue()
        self.assertEqual(self.outcomes(once_more), {"Carl": "mail_optout"})

    def test_a_mass_email_whose_opt_outs_others_go_by_is_not_deleted(self):
        again = self.again(self.mailing)
        self.send(again)
        self.again(again)
        with self.assertRaisesRegex(UserError, "repeats this mass email"):
            self.mailing.with_user(self.marketer).unlink()
        self.env["mailing.mailing"].search([("repeated_id", "=", again.id)]).unlink()
        self.mailing.with_user(self.marketer).unlink()
