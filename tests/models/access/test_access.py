from odoo import fields
from odoo.addons.mass_mailing_campaign.delivery.token import new_token
from odoo.addons.mass_mailing_campaign.hooks.installing import keep_what_users_see
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, new_test_user

from ...common import ALL_CAMPAIGNS, MassEmailCase

OWN = "mass_mailing.group_mass_mailing_user"
TEAM = "mass_mailing_campaign.group_team_campaigns"
MANAGER = "mass_mailing_campaign.group_manager"


class AccessCase(MassEmailCase):
    """Olga has her own campaigns, Tom those of team North; Nora and Sven are responsible."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.abroad = cls.env["res.company"].create({"name": "Abroad"})
        cls.olga, cls.tom, cls.nora, cls.sven = (
            cls.user("olga", OWN),
            cls.user("tom", TEAM),
            cls.user("nora", OWN),
            cls.user("sven", OWN),
        )
        cls.boss = cls.user("boss", MANAGER)
        cls.north = cls.team("North", cls.tom | cls.nora)
        cls.south = cls.team("South", cls.sven)
        cls.mailings = {}
        for name, user, team in (
            ("olga's", cls.olga, False),
            ("north", cls.nora, cls.north),
            ("south", cls.sven, cls.south),
        ):
            cls.mailings[name] = cls.sent(name, user, team)
        cls.everything = set(cls.mailings)

    @classmethod
    def user(cls, login, group, **values):
        return new_test_user(
            cls.env, login=login, groups=group, email=f"{login}@example.com", **values
        )

    @classmethod
    def team(cls, name, members, **values):
        return cls.env["crm.team"].create(
            {"name": name, "member_ids": [Command.set(members.ids)], "user_id": False, **values}
        )

    @classmethod
    def sent(cls, name, user, team=False):
        """A campaign with all that there may be: a mass email, its messages, log and hits."""
        contact = cls._contact(f"Reader of {name}", email=f"{user.login}.reader@example.com")
        target_list = cls._list(f"Readers of {name}", contact)
        campaign = cls.env["utm.campaign"].create(
            {"title": name, "user_id": user.id, "team_id": team and team.id}
        )
        url = cls._tracking_url(f"URL of {name}", f"https://example.com/{user.login}", campaign)
        mailing = cls._mass_email(
            f'<a href="{url.placeholder}">x</a>',
            campaign_id=campaign.id,
            subject=name,
            user_id=cls.marketer.id,
            contact_list_ids=[Command.set(target_list.ids)],
            state="sending",
        )
        mailing._build_queue()
        mailing.mailing_trace_ids.write(
            {"trace_status": "sent", "sent_datetime": fields.Datetime.now()}
        )
        mailing.mailing_trace_ids.sudo()._log_event("sent")
        cls.env["mailing.trace.hit"].create(
            {
                "event_type": "opened",
                "hit_datetime": fields.Datetime.now(),
                "trace_id": mailing.mailing_trace_ids.id,
            }
        )
        return mailing

    def seen(self, user, model, **context):
        """The campaigns of which a user finds records of a model."""
        records = self.env[model].with_user(user).with_context(**context).search([])
        records = records.sudo()
        if model == "mailing.mailing":
            mailings = records
        elif model == "mailing.trace":
            mailings = records.mass_mailing_id
        elif model in ("link.tracker", "mailing.trace.report", "mailing.message.report"):
            return self.everything & set(records.campaign_id.mapped("title"))
        else:
            mailings = records.mailing_id
        return self.everything & set(mailings.campaign_id.mapped("title"))

    FOLLOWING = (
        "mailing.mailing",
        "mailing.trace",
        "mailing.trace.event",
        "mailing.trace.hit",
        "link.tracker",
        "mailing.trace.report",
        "mailing.message.report",
    )

    def assert_seen(self, user, names, **context):
        self.env.flush_all()
        for model in self.FOLLOWING:
            with self.subTest(user=user.login, model=model):
                self.assertEqual(self.seen(user, model, **context), set(names))
        campaigns = self.env["mailing.mailing"].union(*self.mailings.values()).campaign_id
        campaigns = campaigns.with_user(user).with_context(**context)._filtered_access("write")
        self.assertEqual(set(campaigns.sudo().mapped("title")), set(names), "what she may change")


class TestWhoSeesWhat(AccessCase):
    def test_all_of_a_campaign_follows_it_own_team_or_all(self):
        for user, names in (
            (self.olga, {"olga's"}),
            (self.nora, {"north"}),
            (self.tom, {"north"}),
            (self.marketer, self.everything),
            (self.boss, self.everything),
        ):
            self.assert_seen(user, names)

    def test_figures_of_a_campaign_out_of_reach_are_none(self):
        campaigns = self.env["mailing.mailing"].union(*self.mailings.values()).campaign_id
        for user, names in (
            (self.olga, {"olga's"}),
            (self.tom, {"north"}),
            (self.boss, self.everything),
        ):
            counted = campaigns.with_user(user).filtered("sent_people_count")
            self.assertEqual(set(counted.mapped("title")), set(names))
            sending = campaigns.with_user(user).filtered("is_sending")
            self.assertEqual(set(sending.mapped("title")), set(names))
        south = self.mailings["south"].campaign_id.with_user(self.olga)
        self.assertFalse(any(figure["count"] for figure in south.get_figures()))
        log = self.env["mailing.trace.event"].with_user(self.olga)
        answer = log.get_statistics(campaign_id=south.id)
        self.assertEqual((answer["totals"], answer["mailings"], answer["links"]), ({}, [], []))
        self.assertFalse(south.get_log_figures()["counts"])

    def test_the_form_of_a_campaign_out_of_reach_says_so(self):
        for user, name, is_out_of_reach in (
            *((self.olga, "olga's", False), (self.olga, "north", True)),
            *((self.tom, "north", False), (self.tom, "south", True), (self.boss, "south", False)),
        ):
            with self.subTest(user=user.login, campaign=name):
                campaign = self.mailings[name].campaign_id.with_user(user)
                form = Form(campaign)
                self.assertIs(form.is_out_of_reach, is_out_of_reach)
                for field in ("title", "campaign_status", "target_list_ids", "user_id", "tag_ids"):
                    self.assertIs(bool(form._get_modifier(field, "readonly")), is_out_of_reach)
        self.assertFalse(Form(self.env["utm.campaign"].with_user(self.olga)).is_out_of_reach)
        bare = self.env["utm.campaign"].create({"title": "Odd", "user_id": self.nora.id})
        self.assertTrue(
            Form(bare.with_user(self.olga)).is_out_of_reach, "hers cannot be saved in it"
        )
        with Form(bare.with_user(self.olga)) as form:
            form.title = "Even"  # for it is everybody's to change
        employee = self.user("employee", "base.group_user")
        for campaign, is_theirs in ((bare, False), (self.mailings["south"].campaign_id, True)):
            form = Form(campaign.with_user(employee))
            self.assertIs(bool(form._get_modifier("title", "readonly")), is_theirs)
        self.assertFalse(Form(bare.with_user(self.nora)).is_out_of_reach)
        bare.team_id = self.north
        self.assertFalse(Form(bare.with_user(self.tom)).is_out_of_reach)
        bare.campaign_type = "radio"
        self.assertFalse(Form(bare.with_user(self.olga)).is_out_of_reach, "it never has any")

    def test_who_leads_a_team_sees_its_campaigns(self):
        self.south.user_id = self.tom
        self.assert_seen(self.tom, {"north", "south"})

    def test_who_left_a_team_sees_its_campaigns_no_more(self):
        self.north.crm_team_member_ids.filtered(
            lambda each: each.user_id == self.tom
        ).active = False
        self.assert_seen(self.tom, set())
        self.assert_seen(self.tom, set(), active_test=False)

    def test_a_campaign_that_changes_hands_takes_all_along(self):
        self.mailings["south"].campaign_id.user_id = self.olga
        self.assert_seen(self.olga, {"olga's", "south"})
        self.assert_seen(self.sven, set())

    def test_an_archived_campaign_is_followed_as_before(self):
        self.mailings["north"].campaign_id.active = False
        self.assert_seen(self.tom, {"north"})
        self.assert_seen(self.olga, {"olga's"})

    def test_a_team_of_another_company_is_seen_in_that_company(self):
        self.sven.company_ids |= self.abroad
        self.south.company_id = self.abroad
        both = self.user(
            "both",
            TEAM,
            company_ids=[Command.set((self.abroad | self.env.company).ids)],
        )
        self.south.sudo().member_ids = self.sven | both
        self.env.user.company_ids |= self.abroad
        self.assert_seen(both, set(), allowed_company_ids=self.env.company.ids)
        self.assert_seen(both, {"south"}, allowed_company_ids=(self.env.company | self.abroad).ids)

    def test_a_mass_email_without_campaign_is_its_responsibles(self):
        alone = self._mass_email("<p>Hello</p>", campaign_id=False, user_id=self.olga.id)
        mailings = self.env["mailing.mailing"]
        self.assertIn(alone, mailings.with_user(self.olga).search([]))
        self.assertNotIn(alone, mailings.with_user(self.tom).search([]))

    def test_tests_follow_their_mass_email(self):
        tests = self.env["mailing.trace"].create(
            [
                {
                    "test_mailing_id": mailing.id,
                    "is_test_trace": True,
                    "model": "mailing.contact",
                    "res_id": mailing.mailing_trace_ids.res_id,
                    "email": "test@example.com",
                    "token": new_token(),
                }
                for mailing in self.mailings.values()
            ]
        )
        now = fields.Datetime.now()
        self.env["mailing.trace.hit"].create(
            [{"event_type": "opened", "hit_datetime": now, "trace_id": each.id} for each in tests]
        )
        for user, names in ((self.olga, {"olga's"}), (self.tom, {"north"})):
            seen = tests.with_user(user).search([("id", "in", tests.ids)])
            hits = self.env["mailing.trace.hit"].with_user(user)
            hit = hits.search([("trace_id", "in", tests.ids)]).sudo().trace_id
            for found in (seen.sudo(), hit):
                self.assertEqual(set(found.test_mailing_id.campaign_id.mapped("title")), names)

    def test_what_outlives_a_mass_email_stays_with_its_campaign(self):
        mailing = self.mailings["north"]
        campaign, traces = mailing.campaign_id, mailing.mailing_trace_ids
        traces.portion_datetime = fields.Datetime.now()
        mailing.state = "done"
        mailing.unlink()
        for user, is_seen in ((self.tom, True), (self.olga, False)):
            for record in (
                traces,
                self.env["mailing.trace.event"].search([("campaign_id", "=", campaign.id)]),
            ):
                found = record.with_user(user).search([("id", "in", record.ids)])
                self.assertEqual(bool(found), is_seen, (user.login, record))

    def test_standard_mailings_are_everybodys_as_ever(self):
        standard = self.env["mailing.mailing"].create(
            {"subject": "Standard", "campaign_id": self.mailings["south"].campaign_id.id}
        )
        trace = self.env["mailing.trace"].create(
            {"model": "mailing.contact", "res_id": 1, "mass_mailing_id": standard.id}
        )
        standard.with_user(self.olga).subject = "Changed"
        self.assertEqual(trace.with_user(self.olga).mass_mailing_id, standard)

    def test_a_target_list_counts_the_mailings_that_its_button_opens(self):
        target_list = self.mailings["south"].contact_list_ids
        for user, count in ((self.olga, 0), (self.sven, 1), (self.boss, 1)):
            self.assertEqual(target_list.with_user(user).mailing_count, count, user.login)

    def test_mass_emails_of_others_are_no_mailings_of_odoos_own(self):
        campaign = self.mailings["south"].campaign_id
        for user in (self.olga, self.sven):
            seen = campaign.with_user(user)
            self.assertEqual((seen.mailing_mail_count, seen.mass_email_count), (1, 1), user.login)

    def test_bare_campaigns_are_read_by_all_and_changed_by_whom_they_are(self):
        campaign = self.mailings["south"].campaign_id
        self.assertEqual(campaign.with_user(self.olga).title, "south")
        with self.assertRaises(AccessError):
            campaign.with_user(self.olga).user_id = self.olga
        campaign.with_user(self.sven).title = "South"
        campaign.mass_email_ids.active = False
        with self.assertRaises(AccessError):
            campaign.with_user(self.olga).user_id = self.olga

    def test_a_campaign_whose_mass_emails_were_deleted_is_not_everybodys(self):
        mailing = self.mailings["south"]
        campaign = mailing.campaign_id.with_user(self.olga)
        mailing.mailing_trace_ids.portion_datetime = fields.Datetime.now()
        mailing.state = "done"
        mailing.unlink()
        self.assertFalse(any(figure["count"] for figure in campaign.get_figures()))
        with self.assertRaises(AccessError):
            campaign.user_id = self.olga
        campaign.with_user(self.sven).title = "South"

    def test_a_lead_leaves_a_campaign_without_mass_emails_everybodys(self):
        campaign = self.env["utm.campaign"].create({"title": "Odd", "user_id": self.sven.id})
        self.env["crm.lead"].create({"name": "Lee", "campaign_id": campaign.id})
        campaign.with_user(self.olga).title = "Even"

    def test_a_campaign_without_mass_emails_is_everybodys_as_ever(self):
        campaign = self.env["utm.campaign"].create({"title": "Odd", "user_id": self.sven.id})
        campaign.with_user(self.olga).title = "Even"
        campaign.with_user(self.user("employee", "base.group_user")).title = "Odd"

    def test_employees_change_no_campaign_of_others_that_has_mass_emails(self):
        employee = self.user("employee", "base.group_user")
        campaign = self.mailings["south"].campaign_id
        for values in ({"campaign_status": "active"}, {"user_id": employee.id}, {"active": False}):
            with self.subTest(values), self.assertRaises(AccessError):
                campaign.with_user(employee).write(values)
        campaign.user_id = employee
        campaign.with_user(employee).title = "Hers"


class TestNoWayRound(AccessCase):
    def setUp(self):
        super().setUp()
        self.others = self.mailings["south"]

    def refused(self, what):
        with self.assertRaises(AccessError):
            what()

    def test_what_is_others_is_neither_read_nor_done(self):
        mailing = self.others.with_user(self.olga)
        for method in (
            *("action_pause", "action_resume", "action_end", "action_try_now"),
            *("action_set_pending", "action_back_to_draft", "action_retry_failed"),
            *("action_send_unknown_again", "action_leave_unknown", "action_duplicate", "unlink"),
        ):
            with self.subTest(method):
                self.refused(getattr(mailing, method))
        self.refused(lambda: mailing.read(["subject"]))
        self.refused(lambda: mailing.get_audience({}))
        traces = self.others.mailing_trace_ids.with_user(self.olga)
        self.refused(traces.action_send_again)

    def test_nothing_is_put_into_others_campaigns(self):
        values = {"subject": "Mine", "campaign_id": self.others.campaign_id.id}
        mailings = self.env["mailing.mailing"].with_user(self.olga)
        self.refused(lambda: mailings.create({**values, "delivery_mode": "portions"}))
        own = self.mailings["olga's"].with_user(self.olga)
        own.sudo().state = "draft"
        self.refused(lambda: own.write({"campaign_id": self.others.campaign_id.id}))
        urls = self.env["link.tracker"].with_user(self.olga)
        self.refused(
            lambda: urls.create(
                {
                    "is_tracking_url": True,
                    "title": "Mine",
                    "url": "https://example.com/mine",
                    "campaign_id": self.others.campaign_id.id,
                }
            )
        )

    def test_no_tracking_url_is_moved_into_others_campaigns(self):
        url = self.env["link.tracker"].search([("title", "=", "URL of olga's")])
        self.refused(
            lambda: url.with_user(self.olga).write({"campaign_id": self.others.campaign_id.id})
        )
        url.with_user(self.olga).campaign_id = False

    def test_who_designs_the_website_changes_links_but_not_where_letters_lead(self):
        """Odoo's link tracker of the website gives her all rights."""
        designer = self.user("designer", "base.group_user")
        for model in ("link.tracker", "link.tracker.code"):
            rights = ("perm_read", "perm_write", "perm_create", "perm_unlink")
            self.env["ir.model.access"].create(
                {
                    "name": model,
                    "model_id": self.env["ir.model"]._get_id(model),
                    "group_id": self.env.ref("base.group_user").id,
                    **dict.fromkeys(rights, True),
                }
            )
        campaign = self.others.campaign_id
        url = campaign.tracking_url_ids.with_user(designer)
        code = url.link_code_ids
        elsewhere = {"url": "https://example.com/elsewhere", "title": "Elsewhere"}
        own = url.create(dict(elsewhere))
        own.link_code_ids.code = "hers"
        own.url = "https://example.com/hers"
        for what in (
            lambda: url.write(elsewhere),
            url.unlink,
            lambda: code.write({"code": "other"}),
            lambda: code.write({"link_id": own.id}),
            code.unlink,
            lambda: own.write({"is_tracking_url": True, "campaign_id": campaign.id}),
        ):
            self.refused(what)

    def test_a_test_of_others_letters_is_refused(self):
        wizard = self.env["mailing.send.test"].with_user(self.olga)
        self.refused(
            lambda: wizard.create(
                {"mailing_id": self.others.id, "user_ids": [Command.set(self.olga.ids)]}
            ).action_send()
        )

    def test_a_target_list_from_others_log_finds_nobody(self):
        wizard = self.env["mailing.list.from.log"]
        for user, count in ((self.olga, 0), (self.sven, 1), (self.boss, 1)):
            sent = wizard._options("event_type", ["sent"])
            made = wizard.with_user(user).create(
                {
                    "campaign_id": self.others.campaign_id.id,
                    "did_ids": [Command.set(sent.ids)],
                    "name": f"Of {user.login}",
                }
            )
            self.assertEqual(made.contact_count, count, user.login)
        presets = wizard.with_user(self.olga).count_presets(self.others.campaign_id.id)
        self.assertEqual(sum(filter(None, presets.values())), 0)

    def test_figures_of_others_campaigns_are_not_told(self):
        ratios = ("received_ratio", "click_count")
        campaign = self.others.campaign_id
        self.env["mailing.trace.event"].create(
            {
                "event_type": "clicked",
                "event_datetime": fields.Datetime.now(),
                "campaign_id": campaign.id,
                "mailing_id": self.others.id,
            }
        )
        employee = self.user("employee", "base.group_user")
        for user, told in (
            (employee, False),
            (self.olga, False),
            (self.sven, True),
            (self.boss, True),
        ):
            self.env.invalidate_all()
            for name in ratios:
                with self.subTest(user=user.login, name=name):
                    self.assertEqual(bool(campaign.with_user(user)[name]), told)
            if user == employee:
                continue
            seen = campaign.with_user(user)
            self.assertEqual(bool(seen.mass_email_ids), told)
            self.assertEqual(bool(seen.tracking_url_ids), told)
            self.assertEqual(bool(seen.get_log_figures()["counts"]), told)

    def test_the_list_of_campaigns_opens_for_everybody(self):
        campaigns = self.env["utm.campaign"].with_user(self.olga).search([])
        self.assertIn(self.others.campaign_id, campaigns)
        campaigns.read()

    def test_the_look_up_of_an_address_tells_of_ones_own_campaigns(self):
        for user, is_told in ((self.olga, False), (self.sven, True), (self.boss, True)):
            lookup = (
                self.env["mailing.address.lookup"]
                .with_user(user)
                .create({"email": "sven.reader@example.com"})
            )
            lookup.action_look_up()
            told = " ".join(f"{line.topic} {line.subject} {line.words}" for line in lookup.line_ids)
            with self.subTest(user.login):
                self.assertEqual("Campaign Log" in told, is_told)
                self.assertEqual("Message" in told, is_told)
                self.assertEqual("Opening or Click" in told, is_told)
                self.assertEqual("are not shown" in told, not is_told)

    def test_ones_own_log_names_what_belongs_elsewhere_by_now(self):
        own, url = self.mailings["olga's"], self.env["link.tracker"]
        url = url.search([("title", "=", "URL of olga's")])
        own.mailing_trace_ids.sudo()._receive_click(url.code)
        url.with_user(self.boss).campaign_id = self.others.campaign_id
        self.env.flush_all()
        self.env.invalidate_all()
        lines = self.env["mailing.trace.event"].with_user(self.olga)
        clicked = lines.search([("event_type", "=", "clicked")])
        self.assertEqual(clicked.details, "URL of olga's")
        clicked.action_open()
        self.assertTrue(own.with_user(self.olga).get_click_map()["people"])
        self.assertEqual(lines.get_statistics(campaign_id=own.campaign_id.id)["links"], [])

    def test_no_screen_of_others_mass_emails_opens(self):
        others = self.others.with_user(self.olga)
        for method in (
            *("get_figures", "get_click_map", "get_progress", "copy"),
            *("action_check", "action_send_to_unopened"),
        ):
            with self.subTest(method):
                self.refused(getattr(others, method))
        log = self.env["mailing.trace.event"].with_user(self.olga)
        self.refused(lambda: log.get_statistics(mailing_id=self.others.id))
        self.refused(lambda: log.get_curve(mailing_id=self.others.id))
        mailing_id = {"mailing_id": self.others.id}
        preview, check, template = (
            self.env[model].with_user(self.olga)
            for model in ("mailing.preview", "mailing.check", "mailing.save.template")
        )
        self.refused(lambda: preview.create(mailing_id).read())
        self.refused(lambda: check.create(mailing_id).findings)
        self.refused(lambda: template.create({**mailing_id, "name": "Mine"}).action_save())
        note = "Secret"
        self.others.message_post(body=note)
        notes = self.env["mail.message"].with_user(self.olga)
        self.assertFalse(notes.search([("body", "ilike", note)]))
        groups = log.web_read_group([], ["campaign_id"], ["__count"])["groups"]
        self.assertEqual(len(groups), 1)

    def test_the_name_of_a_mass_email_is_changed_by_who_may_change_it(self):
        employee = new_test_user(self.env, login="employee", groups="base.group_user")
        for user in (self.olga, employee):
            source = self.others.source_id.with_user(user)
            self.refused(lambda source=source: source.write({"name": "Mine"}))
        own = self.mailings["olga's"].with_user(self.olga)
        own.name = "Roses"
        own.source_id.name = "Tulips"
        self.assertEqual(own.display_name, "Tulips")
        free = self.env["utm.source"].create({"name": "Fair"})
        free.with_user(employee).name = "Fair of May"

    def test_all_screens_of_ones_own_open(self):
        campaigns = self.env["utm.campaign"].with_user(self.olga)
        lists = self.mailings["olga's"].contact_list_ids
        campaign = campaigns.create({"title": "Mine", "target_list_ids": [Command.set(lists.ids)]})
        mailing = self.env["mailing.mailing"].with_user(self.olga)
        mailing = mailing.create(
            {
                "delivery_mode": "portions",
                "campaign_id": campaign.id,
                "subject": "Hi {{ object.name }}",
                "body_arch": "<p>Hello</p>",
                "email_from": "news@garden.example.com",
            }
        )
        previews = self.env["mailing.preview"].with_user(self.olga)
        self.assertFalse(Form(previews.with_context(default_mailing_id=mailing.id)).error)
        self.assertEqual(mailing.get_progress()[0]["subject"], "Hi Reader of olga's")
        mailing.get_audience({})
        self.env["mailing.save.template"].with_user(self.olga).create(
            {"mailing_id": mailing.id, "name": "Mine"}
        ).action_save()
        test = self.env["mailing.send.test"].with_user(self.olga).create({"mailing_id": mailing.id})
        with self.smtp() as server, self.committing(test) as committing:
            self.assertIn("olga@example.com", committing.action_send()["params"]["message"])
        self.assertEqual(server.addresses(), ["olga@example.com"])
        self.send(mailing)
        self.assertEqual(mailing.state, "done")
        log = self.env["mailing.trace.event"].with_user(self.olga)
        for scope in ({"campaign_id": campaign.id}, {"mailing_id": mailing.id}):
            totals = log.get_statistics(**scope)["totals"]
            self.assertEqual(totals, {"sent": 1, "sent_tracked": 1})
        self.assertEqual(campaign.get_log_figures()["counts"], {"sent": 2}, "one is the test")
        self.assertTrue(mailing.get_click_map()["page"])
        self.assertTrue(mailing.action_send_to_unopened())

    def test_what_somebody_set_pending_goes_out_when_she_has_left(self):
        campaign = self.mailings["olga's"].campaign_id
        mailing = self._mass_email(
            "<p>Hello</p>", campaign_id=campaign.id, user_id=self.olga.id, open_tracking=True
        )
        mailing.contact_list_ids = self.mailings["olga's"].contact_list_ids
        mailing.with_user(self.olga).action_set_pending()
        self.olga.group_ids -= self.env.ref(OWN)
        self.olga.active = False
        with self.smtp() as server:
            self.run_delivery()
        self.assertEqual((mailing.state, len(server.addresses())), ("done", 1))
        message = mailing.mailing_trace_ids.sudo()
        message._receive_open()
        message._receive_opt_out()
        self.assertEqual(message.contact_id.subscription_ids.mapped("opt_out"), [True])

    def test_one_may_send_ones_own(self):
        campaign = self.mailings["olga's"].campaign_id
        mailing = self._mass_email("<p>Hello</p>", campaign_id=campaign.id)
        mailing.contact_list_ids = self.mailings["olga's"].contact_list_ids
        self.send(mailing.with_user(self.olga))
        self.assertEqual(mailing.state, "done")


class TestGroups(AccessCase):
    def test_an_upgrade_leaves_users_what_they_saw(self):
        archived = self.user("gone", OWN, active=False)
        keep_what_users_see(self.env)
        for user in (self.olga, archived):
            self.assertTrue(user.has_group(ALL_CAMPAIGNS))
        employee = self.user("employee", "base.group_user")
        self.assertFalse(employee.has_group(OWN))

    def test_who_gets_email_marketing_later_starts_with_her_own(self):
        self.assertFalse(self.user("new", OWN).has_group(TEAM))

    def test_an_administrator_sees_all_whatever_marketing_group_she_has(self):
        self.assert_seen(self.user("root2", f"{OWN},base.group_system"), self.everything)

    def test_rules_cost_who_sees_all_nothing(self):
        rules = self.env["ir.rule"].with_user(self.marketer)
        for model in self.FOLLOWING:
            with self.subTest(model):
                self.assertTrue(rules._compute_domain(model, "read").is_true())
