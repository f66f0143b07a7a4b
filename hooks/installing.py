from odoo.tools import SQL

from ..delivery.address import PLAIN_ADDRESS, PLAIN_LENGTH
from ..engine import stock_words

# Tables with addresses on the wire, and what these are made of.
ADDRESSES = {"mailing_contact": "email_normalized", "mail_blacklist": "email"}


def make_room(env):
    """Tell the addresses on the wire, and that contacts stand for nobody yet, by SQL.

    Odoo computes what the columns that it adds hold, one record after the other: of half a million
    contacts in more time and memory than it gives a request. The few odd addresses are left to it.
    """
    for table, email in ADDRESSES.items():
        env.cr.execute(
            SQL(
                """
                ALTER TABLE %(table)s ADD COLUMN IF NOT EXISTS address varchar;
                UPDATE %(table)s SET address = LOWER(%(email)s COLLATE "C")
                 WHERE LENGTH(%(email)s) <= %(length)s AND %(email)s ~ %(plain)s
                """,
                table=SQL.identifier(table),
                email=SQL.identifier(email),
                length=PLAIN_LENGTH,
                plain=PLAIN_ADDRESS,
            )
        )
    env.cr.execute(
        "ALTER TABLE mailing_contact ADD COLUMN IF NOT EXISTS target_type varchar;"
        "UPDATE mailing_contact SET target_type = 'plain'"
    )


def take_over_from_odoo(env):
    """What held before the installation holds on: opt-outs, and what users see."""
    read_odd_addresses(env)
    remember_earlier_opt_outs(env)
    keep_what_users_see(env)
    stock_words.use_ours(env)


def read_odd_addresses(env):
    """Have Odoo compute the addresses that ``make_room`` left to it."""
    for table, email in ADDRESSES.items():
        records = env[table.replace("_", ".")].with_context(active_test=False)
        odd = records.search([("address", "=", False), (email, "!=", False)])
        env.add_to_compute(records._fields["address"], odd)


def remember_earlier_opt_outs(env):
    """Opt-outs from before the installation hold, too."""
    env["mailing.subscription"].search([("opt_out", "=", True)])._remember_opt_outs()


def keep_what_users_see(env):
    """Let who has Email Marketing see all campaigns still; who gets it later starts with hers."""
    marketing = env.ref("mass_mailing.group_mass_mailing_user").with_context(active_test=False)
    env.ref("mass_mailing_campaign.group_all_campaigns").user_ids |= marketing.all_user_ids
