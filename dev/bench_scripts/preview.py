"""Preview the audience of mass emails, and make target lists from the log of their campaign."""

from bench_scripts.material import Bench


def preview(bench, size):
    """Three lists, two excluding lists; the figures, and the people behind one of them."""
    third = size // 3
    targets = bench.target_list(third, f"{size}a")
    targets += bench.target_list(third, f"{size}b")
    targets += bench.target_list(size - 2 * third, f"{size}c")
    # of the first excluding list all are targets by address, of the second nobody is
    excluding = bench.target_list(size // 100, f"{size}b")
    excluding += bench.target_list(size // 100, f"{size}x")
    mass_email = bench.mass_email(targets, excluding_list_ids=[(6, 0, excluding.ids)])
    bench.env.cr.execute(
        "ANALYZE mailing_contact, mailing_subscription, mailing_opt_out, mail_blacklist"
    )
    meant = {
        "campaign_id": bench.campaign.id,
        "contact_list_ids": targets.ids,
        "excluding_list_ids": excluding.ids,
        "use_exclusion_list": True,
    }
    figures = bench.measure(f"preview {size}", size, lambda: mass_email.get_audience(meant))
    assert (figures["members"], figures["mailed"]) == (size, size - size // 100)
    contacts = bench.env["mailing.contact"]
    excluded = [("outcome_in", "=", f"{mass_email.id}/excluded/{excluding[0].id}")]
    people = bench.measure(
        f"people {size}", size, lambda: contacts.search_read(excluded, ["outcome"], limit=80)
    )
    assert len(people) == 80


def list_from_log(bench, lines):
    """A log in which six of ten lines are sent, three opened and one clicked."""
    sent = lines * 6 // 10
    people = bench.target_list(sent, f"log{lines}")
    campaign = bench.campaign.copy({"title": f"Log of {lines}"})
    bench.env.cr.execute(
        """
        WITH target AS (
            SELECT contact_id, ROW_NUMBER() OVER (ORDER BY contact_id) AS number
              FROM mailing_subscription WHERE list_id = %(list)s)
        INSERT INTO mailing_trace_event (
            event_type, event_datetime, campaign_id, contact_id, is_test)
        SELECT kind.event_type, now(), %(campaign)s, target.contact_id, FALSE
          FROM (VALUES ('sent', 1), ('opened', 2), ('clicked', 6)) kind (event_type, every)
          JOIN target ON target.number %% kind.every = 0
        """,
        {"list": people.id, "campaign": campaign.id},
    )
    bench.env.cr.execute("ANALYZE mailing_trace_event, mailing_contact")
    wizards = bench.env["mailing.list.from.log"]
    counts = bench.measure(f"presets {lines}", lines, lambda: wizards.count_presets(campaign.id))
    assert counts["not_opened"] == sent - sent // 2
    bench.measure(
        f"list {lines}",
        lines,
        lambda: wizards.create_from_preset(campaign.id, "not_opened", f"Of {lines}"),
    )


bench = Bench(env)
for size in (100_000, 300_000, 1_000_000):
    if size <= VARIABLES["largest"]:
        preview(bench, size)
        list_from_log(bench, size)
