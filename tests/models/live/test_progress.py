from contextlib import contextmanager
from unittest.mock import Mock, patch

import psycopg2

from odoo.addons.mass_mailing_campaign.engine import results
from odoo.addons.mass_mailing_campaign.models.live import mailing_mailing as live
from odoo.addons.mass_mailing_campaign.models.live.mailing_mailing import PROGRESS
from odoo.tests import RecordCapturer, new_test_user

from ...common import MassEmailCase


class TestProgress(MassEmailCase):
    def channels(self, user, *asked):
        websocket = self.env["ir.websocket"].with_user(user)
        with patch("odoo.addons.bus.models.ir_websocket.wsrequest", new=Mock()):
            return websocket._build_bus_channel_list(list(asked))

    @contextmanager
    def committed(self):
        """Do what a commit does after it; yield what captures the notifications."""
        hooks = self.env.cr.postcommit
        hooks.clear()
        with self.enter_registry_test_mode(), RecordCapturer(self.env["bus.bus"]) as capture:
            yield capture
            hooks.run()

    def told(self, notes):
        return [note for note in notes if PROGRESS in (note.message or "")]

    def test_only_who_may_read_it_listens(self):
        mailing = self._mass_email()
        asked = [
            f"{PROGRESS}/mailing.mailing/{mailing.id}",
            f"{PROGRESS}/utm.campaign/{self.campaign.id}",
        ]
        mine = self.channels(self.marketer, *asked, "another")
        self.assertIn((mailing, PROGRESS), mine)
        self.assertIn((self.campaign, PROGRESS), mine)
        self.assertIn("another", mine)
        for user in (self.env.ref("base.public_user"), self.env.ref("base.user_demo")):
            theirs = self.channels(user, *asked)
            self.assertFalse(
                [each for each in theirs if isinstance(each, tuple) and PROGRESS in each]
            )
            self.assertFalse(set(asked) & {each for each in theirs if isinstance(each, str)})

    def test_of_others_campaigns_nobody_hears(self):
        own = "mass_mailing.group_mass_mailing_user"
        olga = new_test_user(self.env, login="olga", groups=own, email="olga@example.com")
        mailing = self._mass_email()
        asked = [
            f"{PROGRESS}/mailing.mailing/{mailing.id}",
            f"{PROGRESS}/utm.campaign/{self.campaign.id}",
        ]
        channels = {(mailing, PROGRESS), (self.campaign, PROGRESS)}
        self.assertFalse(channels & {*self.channels(olga, *asked)})
        self.campaign.user_id = olga
        self.assertLessEqual(channels, {*self.channels(olga, *asked)})

    def test_what_is_not_there_is_no_channel(self):
        asked = f"{PROGRESS}/mailing.mailing/999999999"
        self.assertNotIn(asked, self.channels(self.marketer, asked))

    def test_who_looks_is_told_of_a_new_status(self):
        mailing = self._mass_email()
        with self.committed() as capture:
            mailing.is_paused = True
        notes = self.told(capture.records)
        self.assertEqual(len(notes), 2, "on the channels of the mass email and of its campaign")
        self.assertIn(f'"campaign_id":{self.campaign.id}', notes[0].message)
        self.assertIn(f'"mailing_ids":[{mailing.id}]', notes[0].message)

    def test_a_bus_that_is_out_of_order_stops_no_commit(self):
        mailing = self._mass_email()
        refuse = Mock(side_effect=psycopg2.OperationalError("sorry, too many clients already"))
        bus = self.registry["bus.bus"]
        with (
            patch.object(bus, "_sendone", refuse),
            self.assertLogs(live.__name__, "WARNING"),
            self.committed(),
        ):
            mailing.is_paused = True

    def test_a_standard_mailing_tells_nothing(self):
        with self.committed() as capture:
            self.env["mailing.mailing"].create({"subject": "Standard news"})
        self.assertFalse(self.told(capture.records))

    def statements(self, count, chunk):
        self._contacts(count, self.target_list)
        mailing = self._mass_email()
        tell = type(mailing)._tell_progress
        spent = []

        def counted(self):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            tell(self)
            self.env.flush_all()
            spent.append(self.env.cr.sql_log_count - before)

        with (
            patch.object(type(mailing), "_tell_progress", counted),
            patch.object(results, "SETTLE_COUNT", chunk),
            patch.object(results, "SETTLE_SECONDS", 3600),  # however long this machine takes
        ):
            self.send(mailing)
        self.assertEqual(mailing.state, "done")
        return spent

    def test_it_is_told_at_most_once_a_second_and_costs_a_look_at_its_row(self):
        spent = self.statements(60, chunk=5)
        # pending, queued, the end of the run, complete; in between nothing, for no second passed
        self.assertLess(len(spent), 8)
        self.assertLessEqual(max(spent), 2)

    def test_a_mass_email_that_is_deleted_meanwhile_tells_nothing(self):
        mailing = self._mass_email()
        mailing.unlink()
        with self.committed() as capture:
            mailing._tell_progress()
        self.assertFalse(self.told(capture.records))
