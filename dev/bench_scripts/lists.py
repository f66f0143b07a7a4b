"""Fill target lists with many records at once, merge, copy and empty them."""

from functools import partial

from bench_scripts.material import Bench

SOURCES = {
    "res.partner": """
        INSERT INTO res_partner (
            name, complete_name, email, email_normalized, active, type, company_name,
            commercial_company_name, create_date, write_date)
        SELECT 'Person ' || i, 'Person ' || i, address, address, TRUE, 'contact',
               'Company ' || i, 'Company ' || i, now(), now()
    """,
    "crm.lead": """
        INSERT INTO crm_lead (
            name, contact_name, partner_name, email_from, email_normalized, type, active,
            user_id, create_date, write_date)
        SELECT 'Deal ' || i, 'Person ' || i, 'Company ' || i, address, address, 'lead', TRUE,
               2, now(), now()
    """,
    "res.users": """
        INSERT INTO res_users (
            login, partner_id, company_id, active, notification_type, share,
            create_date, write_date)
        SELECT %(prefix)s || partner.id || '.' || %(run)s, partner.id, 1, TRUE, 'email', TRUE,
               now(), now()
          FROM res_partner partner, generate_series(1, 1) i
    """,
}
NUMBERS = """
    FROM generate_series(1, %(count)s) i,
         LATERAL (SELECT %(prefix)s || i || '.' || %(run)s || '@example.com') AS a(address)
"""

bench = Bench(env)
count = VARIABLES["largest"]


def records(model):
    """Write records directly: making them is not what is measured."""
    prefix = model.split(".")[1]
    values = {"count": count, "prefix": prefix, "run": bench.run}
    statement = SOURCES[model]
    if model == "res.users":
        domain = [("email", "=like", f"partner%.{bench.run}@example.com")]
        statement += " WHERE partner.email LIKE 'partner%%.' || %(run)s || '@example.com'"
    else:
        domain = [("email_normalized", "=like", f"{prefix}%.{bench.run}@example.com")]
        statement += NUMBERS
    bench.env.cr.execute(statement, values)
    bench.env.cr.execute(f"ANALYZE {bench.env[model]._table}")
    return domain


def new_list(name):
    return bench.env["mailing.list"].create({"name": f"{name} {bench.run}"})


domains = {model: records(model) for model in SOURCES}
bench.target_list(count, "plain")
domains["mailing.contact"] = [("email", "=like", f"plain%.{bench.run}@example.com")]
filled = []
for model, domain in domains.items():
    target_list = new_list(model)
    add = partial(target_list._add_targets, model, domain)
    assert bench.measure(f"add {model}", count, add)["added"] == count
    assert bench.measure(f"add again {model}", count, add)["already"] == count
    filled.append(target_list)

heir = new_list("Merged")
bench.measure(
    "merge two lists", 2 * count, lambda: heir.action_merge(filled[0] + filled[1], archive=False)
)
assert heir.contact_count == 2 * count
copy = bench.measure("copy a list", count, filled[0].copy)
assert copy.contact_count == count
