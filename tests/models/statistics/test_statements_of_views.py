from lxml import etree

from ...common import MassEmailCase

# What the web client reads with a form, by the fields of its view.
LIMIT = 80


class TestStatementsOfViews(MassEmailCase):
    """Opening a form, the cards or the list of campaigns takes as many statements for many."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._contacts(3, cls.target_list)
        cls.campaigns = cls.campaign
        for number in range(9):
            cls.campaigns |= cls.campaign.copy({"title": f"Campaign {number}"})
        for campaign in cls.campaigns:
            mailing = cls._mass_email(campaign_id=campaign.id)
            mailing._build_queue()
            traces = mailing.mailing_trace_ids.sudo()
            traces._log_event("sent")
            traces[0]._receive_open()

    def specification(self, node):
        """What the web client asks for: the fields of a view, and those of the views within."""
        fields = {}
        for field in node.xpath(".//field[not(ancestor::field)]"):
            within = field.find("list")
            fields[field.get("name")] = (
                {"fields": self.specification(within), "limit": LIMIT} if within is not None else {}
            )
        return fields

    def statements(self, campaigns, view_type):
        """How many statements it takes to read campaigns for a view."""
        campaigns = campaigns.with_user(self.marketer)
        view = campaigns.get_view(view_type=view_type)
        arch = etree.fromstring(view["arch"])
        # the fields of a view within stand in the arch of a field
        for field in arch.xpath("//field/*/*//field/*"):
            field.getparent().remove(field)
        specification = self.specification(arch)
        self.env.flush_all()
        self.env.invalidate_all()
        campaigns.web_read(specification)  # what is cached for good
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        campaigns.web_read(specification)
        return self.cr.sql_log_count - before

    def test_cards_and_list(self):
        for view_type in ("kanban", "list"):
            with self.subTest(view_type):
                few = self.statements(self.campaigns[:2], view_type)
                self.assertEqual(self.statements(self.campaigns, view_type), few)
                self.assertLessEqual(few, 25)

    def test_a_form_with_many_mass_emails(self):
        one = self.statements(self.campaign, "form")
        for _number in range(9):
            self._mass_email()._build_queue()
        self.assertLessEqual(self.statements(self.campaign, "form"), one + 2)
        self.assertLessEqual(one, 60)

    def test_the_figures_of_a_form(self):
        campaign = self.campaign.with_user(self.marketer)
        campaign.get_figures()
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(6):
            campaign.get_figures()
