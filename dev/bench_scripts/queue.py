"""Build queues of growing size: three target lists, two excluding lists, a blacklist."""

from bench_scripts.material import Bench

BLACKLISTED = 50_000

bench = Bench(env)
bench.env.cr.execute(
    """
    INSERT INTO mail_blacklist (email, address, active)
    SELECT address, address, TRUE
      FROM generate_series(1, %s) i,
           LATERAL (SELECT 'blacklisted' || i || '.' || %s || '@example.com') AS a(address)
    """,
    (BLACKLISTED, bench.run),
)
for size in (1_000, 10_000, 100_000, 1_000_000):
    if size > VARIABLES["largest"]:
        break
    third = size // 3
    targets = bench.target_list(third, "blacklisted")
    targets += bench.target_list(third, f"{size}b")
    targets += bench.target_list(size - 2 * third, f"{size}c")
    # of the first excluding list all are targets by address, of the second nobody is
    excluding = bench.target_list(size // 100, f"{size}b")
    excluding += bench.target_list(size // 100, f"{size}x")
    bench.env.cr.execute("ANALYZE mail_blacklist")
    mass_email = bench.mass_email(targets, excluding_list_ids=[(6, 0, excluding.ids)])
    bench.measure_queue(f"{size}", mass_email, size)
    excluded = bench.env["mailing.trace"].search_count(
        [("mass_mailing_id", "=", mass_email.id), ("failure_type", "=", "excluded")]
    )
    assert mass_email.member_count == size
    assert excluded == size // 100
