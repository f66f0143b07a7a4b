from unittest.mock import patch

from odoo import sql_db
from odoo.tests import tagged

from ..common import MassEmailCase


@tagged("post_install", "-at_install")
class TestReplica(MassEmailCase):
    """Screens read a replica of the database, which may be a moment behind."""

    def setUp(self):
        super().setUp()
        cr = sql_db.db_connect(self.env.cr.dbname, readonly=True).cursor()
        self.addCleanup(cr.close)
        self.behind = self.env(cr=cr)  # it knows nothing of what this test has made

    def test_what_was_saved_a_moment_ago_is_on_the_screen_all_the_same(self):
        mailing = self._mass_email()
        campaign, target_list = mailing.campaign_id, mailing.contact_list_ids
        lists = {"contact_list_ids": target_list.ids}
        with self.enter_registry_test_mode():
            for record, method, *args in (
                (campaign, "get_figures"),
                (campaign, "get_log_figures"),
                (mailing, "get_figures"),
                (mailing, "get_progress"),
                (mailing, "get_click_map"),
                (mailing, "get_audience", lists),
                (target_list, "get_figures"),
                (target_list, "get_target_kinds"),
            ):
                with self.subTest(model=record._name, method=method):
                    on_replica = record.with_env(self.behind)
                    self.assertFalse(on_replica.exists())
                    self.assertEqual(
                        getattr(on_replica, method)(*args), getattr(record, method)(*args)
                    )

    def test_what_the_replica_knows_is_read_there(self):
        known = self.behind["utm.campaign"].search([], limit=1)
        with patch.object(type(self.registry), "cursor", side_effect=AssertionError("asked")):
            self.assertTrue(known.get_figures())
