"""Runs in Odoo's shell: some months of a garden centre's mass emails, the same each time.

What is over bears the dates of one week of March; what waits is counted from today.
"""

import json
from datetime import datetime, timedelta

from odoo.fields import Command, Datetime
from odoo.tools import mute_logger

env = env(user=env.ref("base.user_admin").id)  # the shell's
ADDON = "mass_mailing_campaign"
LANE = f"{ADDON}.ir_cron_deliver_portions"
# when the mass emails that are over were sent: Tuesdays
FIRST_SENT, SECOND_SENT = datetime(2026, 3, 3, 8), datetime(2026, 3, 10, 8)
FIRST_NAMES = ["Agnes", "Bruno", "Carla", "David", "Elena", "Felix", "Greta", "Henrik"]
FIRST_NAMES += ["Irene", "Jonas", "Karin", "Lukas", "Maria", "Niklas", "Olga", "Pavel"]
LAST_NAMES = ["Ash", "Birch", "Cedar", "Elder", "Fir", "Hazel", "Holly", "Juniper"]
LAST_NAMES += ["Laurel", "Linden", "Maple", "Oak", "Pine", "Rowan", "Willow"]
BODY = """
<p>Dear <t t-out="object.name">friend</t>,</p>
<p>{text}</p>
<p><a href="{offer}">See the offer</a> or <a href="{demo}">try our garden planner</a>.</p>
<p>Too much mail? <a href="{{optOutUrl}}">Unsubscribe</a> with one click.</p>
"""
WORDS = "550 5.1.1 There is no such mailbox here"


def ref(name):
    return env.ref(name if "." in name else f"{ADDON}.{name}")


def make_users():
    """Marketers without Sales: one whose screens most are, and one with own campaigns only."""
    marta = make_user("Marta Meadow", "group_all_campaigns")
    make_user("Otto Orchard", "mass_mailing.group_mass_mailing_user")
    ref("base.main_company").write({"name": "Garden Centre", "email": "news@garden.example.com"})
    return {"user_marta": marta.id}


def make_user(name, group):
    login = name.split()[0].lower()
    groups = ["base.group_user", "base.group_partner_manager", group]
    return (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": name,
                "login": login,
                "password": login,
                "email": f"{login}@garden.example.com",
                "tz": "UTC",
                "group_ids": [Command.set([ref(each).id for each in groups])],
            }
        )
    )


def make_customers():
    people = [(first, last) for last in LAST_NAMES for first in FIRST_NAMES]
    partners = env["res.partner"].create(
        [
            {"name": f"{first} {last}", "email": f"{first}@{last}.example.com".lower()}
            for first, last in people
        ]
    )
    customers, prospects = ref("list_customers"), ref("list_prospects")
    customers._add_targets("res.partner", [("id", "in", partners.ids)])
    customers.write(
        {
            "user_id": env.uid,
            "public_name": "Garden News",
            "public_description": "News and offers, twice a month",
            "description": "Whoever bought something in the last two years",
            "category_ids": [Command.create({"name": "Newsletter", "color": 4})],
        }
    )
    prospects.public_name = "Garden Offers"
    # somebody whose screens are Russian, and lists that she may choose from
    ref("partner_boris").lang = "ru_RU"
    courses = env["mailing.list"].create(
        {
            "name": "Courses",
            "is_public": True,
            "public_description": "Pruning, sowing, harvest: our courses",
            "opt_in_required": True,
        }
    )
    courses.with_user(ref("base.user_admin"))._add_targets(
        "res.partner",
        [("id", "in", (partners[:9] | ref("partner_anna") | ref("partner_boris")).ids)],
    )
    env["mailing.list.criterion"].create(
        {
            "list_id": courses.id,
            "name": "Oaks and Maples",
            "model": "res.partner",
            "mode": "add",
            "domain": "['|', ('email', 'ilike', '@oak'), ('email', 'ilike', '@maple')]",
        }
    )
    empty = env["mailing.list"].create({"name": "Not Filled Yet"})
    return {"list_courses": courses.id, "list_empty": empty.id}


def mass_email(campaign, subject, text, **values):
    offer, demo = campaign.tracking_url_ids[:2]
    return env["mailing.mailing"].create(
        {
            "delivery_mode": "portions",
            "campaign_id": campaign.id,
            "subject": subject,
            "body_arch": BODY.format(text=text, offer=offer.placeholder, demo=demo.placeholder),
            "schedule_date": Datetime.now() - timedelta(minutes=5),
            "email_from": '"Garden Centre" <news@garden.example.com>',
            "reply_to": "service@garden.example.com",
            "user_id": ref("base.user_admin").id,
            **values,
        }
    )


def setting(name, value):
    env["ir.config_parameter"].set_param(f"{ADDON}.{name}", str(value))


def run_lanes():
    env.cr.commit()
    ref(LANE).method_direct_trigger()
    env.cr.commit()
    env.invalidate_all()


def send(mailing, sent_at):
    """Send it to its end, and let it be over since some months."""
    mailing.schedule_date = Datetime.now()
    mailing.action_set_pending()
    run_lanes()
    if mailing.state != "done":
        raise ValueError(f"It is not complete: {mailing.delivery_issue}")
    env.cr.execute(
        "UPDATE mailing_trace SET portion_datetime = %s, sent_datetime = %s, create_date = %s"
        " WHERE mass_mailing_id = %s AND sent_datetime IS NOT NULL",
        (sent_at, sent_at, sent_at, mailing.id),
    )
    mailing.write({"schedule_date": sent_at, "sent_date": sent_at})
    env.invalidate_all()


def live(mailing, sent_at, every_open, every_click):
    """What recipients do, each kind by every so many of them."""
    sent = mailing.mailing_trace_ids.filtered(lambda trace: trace.trace_status == "sent")
    offer, demo = mailing.campaign_id.tracking_url_ids[:2]
    for number, trace in enumerate(sent.sorted("id")):
        if number % 29 == 7:
            trace._receive_bounce("final" if number % 2 else "temporary", WORDS)
            continue
        if number % every_open:
            continue
        trace._receive_open()
        if number % every_click == 0:
            trace._receive_click(offer.code if number % 4 else demo.code)
        if number % 45 == 18:
            trace._receive_opt_out()
        if number % 60 == 0:
            trace._receive_reply()
    # half of what happens does so within some hours, the rest within days
    env.cr.execute(
        """
        UPDATE mailing_trace_event
           SET event_datetime = %(sent_at)s + CASE WHEN event_type = 'sent' THEN INTERVAL '0'
               ELSE MAKE_INTERVAL(mins => (3 + trace_id %% 17 * (trace_id %% 17) * 21)::int) END
         WHERE mailing_id = %(mailing)s
        """,
        {"sent_at": sent_at, "mailing": mailing.id},
    )
    env.invalidate_all()


def play():
    names = make_users() | make_customers()
    setting("portion_size", 5000)
    campaign = ref("campaign_spring")
    first = ref("mass_email_spring")
    send(first, FIRST_SENT)
    live(first, FIRST_SENT, 2, 6)
    second = mass_email(campaign, "Seeds for {{ object.name }}", "The new seeds are here.")
    send(second, SECOND_SENT)
    live(second, SECOND_SENT, 3, 6)

    # another campaign, which is being sent
    summer = env["utm.campaign"].create(
        {
            "title": "Summer Sale",
            "campaign_type": "email",
            "campaign_status": "active",
            "user_id": ref("base.user_admin").id,
            "target_list_ids": [Command.set(ref("list_customers").ids)],
            "tracking_url_ids": [
                Command.create({"is_tracking_url": True, "title": title, "url": url})
                for title, url in (
                    ("Summer sale", "https://www.example.com/summer-sale"),
                    ("Garden planner", "https://www.example.com/planner"),
                )
            ],
        }
    )
    setting("portion_size", 100)
    in_process = mass_email(summer, "Summer sale, {{ object.name }}", "All tools at half price.")
    in_process.action_set_pending()
    run_lanes()
    scan(in_process)
    pending = mass_email(
        summer,
        "The last days of our sale",
        "Only until Saturday.",
        schedule_date=(Datetime.now() + timedelta(days=3)).replace(hour=8, minute=0, second=0),
    )
    pending.action_set_pending()
    draft = mass_email(summer, "Autumn is for planting", "Bulbs, shrubs and trees.")
    # its mail server did not answer, and is tried again
    trouble = mass_email(campaign, "An invitation to the open day", "Coffee, cake and roses.")
    trouble.action_set_pending()
    trouble._tell(
        delivery_issue="garden-mail.example.com:587: Connection refused",
        retry_datetime=Datetime.now() + timedelta(minutes=30),
    )
    winter = env["utm.campaign"].create({"title": "Winter", "campaign_type": "newsletter"})
    letters = env["utm.campaign"].create(
        {"title": "Changed opening hours", "campaign_type": "informational"}
    )
    fair = env["utm.campaign"].create({"title": "Garden fair", "campaign_type": "web"})
    paused = mass_email(summer, "The sale goes on", "A week more.")
    paused.action_set_pending()
    paused.with_user(names["user_marta"]).action_pause()
    names |= make_troubled(summer) | send_test(draft, names["user_marta"])
    env.cr.commit()
    return names | {
        "campaign_summer": summer.id,
        "campaign_winter": winter.id,
        "campaign_informational": letters.id,
        "campaign_web": fair.id,
        "mailing_paused": paused.id,
        "mailing_sent": first.id,
        "mailing_second": second.id,
        "mailing_in_process": in_process.id,
        "mailing_pending": pending.id,
        "mailing_draft": draft.id,
        "mailing_trouble": trouble.id,
    }


def make_troubled(campaign):
    """Mass emails of a campaign of their own that need somebody's hand."""
    harvest = campaign.copy({"title": "Harvest Festival"})
    harvest.tracking_url_ids = [
        Command.create({"is_tracking_url": True, "title": title, "url": url})
        for title, url in (
            ("Programme", "https://www.example.com/programme"),
            ("Tickets", "https://www.example.com/tickets"),
        )
    ]
    failed = mass_email(harvest, "Come to our harvest festival", "Apples, music and cider.")
    failed.action_set_pending()
    failed._tell(
        delivery_issue="garden-mail.example.com:587: Username and password not accepted",
        remedy="server",
        retry_datetime=Datetime.now() + timedelta(minutes=30),
    )
    faulty = mass_email(
        harvest,
        "RE: YOUR TICKETS!!!",
        'Click here: <a href="#">the plan</a> and <a href="http://localhost/x">the way</a>.',
    )
    unfillable = mass_email(harvest, "Thank you", 'Dear <t t-out="object.nickname"/>, it was fine.')
    designer = mass_email(
        harvest, "The programme", "All that is on.", body_editor="designer", schedule_type="now"
    )
    designer._make_design()
    return {
        "mailing_failed": failed.id,
        "mailing_faulty": faulty.id,
        "mailing_unfillable": unfillable.id,
        "mailing_designer": designer.id,
    }


def scan(mailing):
    """A firewall opens what comes in, before anybody reads it."""
    sent = mailing.mailing_trace_ids.filtered(lambda trace: trace.trace_status == "sent")
    env["mailing.trace.hit"].sudo().create(
        [
            {
                "event_type": "opened",
                "hit_datetime": Datetime.now(),
                "trace_id": trace.id,
                "made_by": "machine",
                "ip": "203.0.113.7",
                "user_agent": "Mozilla/5.0 (compatible; LinkScanner/2.1)",
            }
            for trace in sent.sorted("id")[:5]
        ]
    )


def send_test(mailing, user_id):
    """Some of a test arrive, some cannot be mailed."""
    setting("portion_size", 5000)
    addresses = "cleo@quiet.example.com, bruno@ash.example.com, bob(at)example.com"
    wizards = env["mailing.send.test"].with_user(user_id)
    wizard = wizards.create({"mailing_id": mailing.id, "addresses": addresses})
    wizard.action_send()
    setting("portion_size", 100)
    return {"send_test": wizard.id}


def tokens(mailing_id):
    """The tokens of two recipients, one of whom reads Russian."""
    traces = env["mailing.trace"].search(
        [("mass_mailing_id", "=", mailing_id), ("token", "!=", False)]
    )
    by_email = {trace.email: trace.token for trace in traces}
    return {
        "token_en_US": by_email["anna@alder-lumber.example.com"],
        "token_ru_RU": by_email["boris@borealis-glass.example.com"],
    }


def labels():
    """What the actions in the menus of lists are called."""
    return {
        f"{name}_{lang}": ref(action).with_context(lang=lang).name
        for lang in ("en_US", "ru_RU")
        for name, action in (
            ("add_to_list", "mailing_list_add_action_partner"),
            ("flags", "mailing_address_flags_action_partner"),
            ("merge", "mass_mailing.mailing_list_merge_action"),
        )
    }


with mute_logger("odoo.addons.mass_mailing"):
    names = play()
names |= tokens(names["mailing_second"]) | labels()
demo = env["ir.model.data"].search([("module", "=", ADDON), ("res_id", "!=", False)])
names |= {each.name: each.res_id for each in demo if each.model not in ("ir.ui.view",)}
print("REPORT", json.dumps(names), flush=True)
