"""Fill target lists by criteria: the first sync, again, after changes, and with a second one."""

from bench_scripts.material import Bench

bench = Bench(env)
count = VARIABLES["largest"]
bench.env.cr.execute(
    """
    INSERT INTO res_partner (
        name, complete_name, email, email_normalized, ref, active, type, create_date, write_date)
    SELECT 'Person ' || i, 'Person ' || i, address, address, %(run)s, TRUE, 'contact', now(), now()
      FROM generate_series(1, %(count)s) i,
           LATERAL (SELECT 'fits' || i || '.' || %(run)s || '@example.com') AS a(address)
    """,
    {"count": count, "run": bench.run},
)
bench.env.cr.execute("ANALYZE res_partner")
target_list = bench.env["mailing.list"].create({"name": f"Criteria {bench.run}"})


def criterion(*conditions):
    return bench.env["mailing.list.criterion"].create(
        {
            "list_id": target_list.id,
            "mode": "keep",
            "domain": str([("ref", "=", bench.run), *conditions]),
            "user_id": bench.env.ref("base.user_admin").id,
        }
    )


def change(share):
    """Let every n-th partner fit no more, and as many others fit."""
    bench.env.cr.execute(
        "UPDATE res_partner SET ref = CASE WHEN ref = %(run)s THEN %(run)s || 'x' ELSE %(run)s END"
        " WHERE ref LIKE %(run)s || '%%' AND id %% %(share)s = 0",
        {"run": bench.run, "share": share},
    )


first = criterion()
bench.measure("first sync of a criterion", count, target_list._sync)
assert first.added_count == count
bench.measure("sync again", count, target_list._sync)
assert (first.already_count, first.removed_count) == (count, 0)
change(10)
bench.measure("sync, a tenth fits no more", count, target_list._sync)
assert first.removed_count == count // 10
change(10)
bench.measure("sync, a tenth fits again", count, target_list._sync)
assert first.added_count == count // 10
second = criterion(("name", "like", "7"))
bench.measure("sync two criteria", count, target_list._sync)
first.domain = "[('id', '=', 0)]"
bench.measure("sync, most fit one no more", count, target_list._sync)
assert first.removed_count + second.already_count == count
first.unlink()
bench.measure("sync what is left", second.already_count, target_list._sync)
