"""Build queues of growing size: three target lists, two excluding lists, a blacklist."""

BLACKLISTED = 50_000
SIZES = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= variable("largest")]

env.cr.execute(
    """
    INSERT INTO mail_blacklist (email, active)
    SELECT 'blacklisted' || i || '.' || %s || '@example.com', TRUE
      FROM generate_series(1, %s) i
    """,
    (RUN, BLACKLISTED),
)
for size in SIZES:
    sizes = {"blacklisted": size // 3, "b": size // 3, "c": size - size // 3 * 2}
    targets = env["mailing.list"].union(
        *(target_list(count, prefix if prefix == "blacklisted" else f"{size}{prefix}")
          for prefix, count in sizes.items())
    )
    excluding = target_list(size // 100, f"{size}b") + target_list(size // 100, f"{size}x")
    env.cr.execute("ANALYZE mail_blacklist")
    email = mass_email(targets, excluding_list_ids=[(6, 0, excluding.ids)])
    measure(f"{size}", size, email._build_queue)
    assert email.member_count == size
    # the next size starts from an empty table again
    email.state = "draft"
    env.cr.commit()
