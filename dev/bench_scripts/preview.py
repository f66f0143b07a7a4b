"""Preview the audience of mass emails, and make target lists from the log of their campaign."""

from bench_scripts.material import Bench

bench = Bench(env)
for size in (100_000, 1_000_000):
    if size > VARIABLES["largest"]:
        break
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
    figures = bench.measure(
        f"preview {size}",
        size,
        lambda: mass_email.get_audience(
            {
                "campaign_id": bench.campaign.id,
                "contact_list_ids": targets.ids,
                "excluding_list_ids": excluding.ids,
                "use_exclusion_list": True,
            }
        ),
    )
    assert figures["members"] == size
    assert figures["mailed"] == size - size // 100
    contacts = bench.env["mailing.contact"]
    excluded = [("outcome_in", "=", f"{mass_email.id}/excluded/{excluding[0].id}")]
    people = bench.measure(
        f"people {size}", size, lambda: contacts.search_read(excluded, ["outcome"], limit=80)
    )
    assert len(people) == 80
