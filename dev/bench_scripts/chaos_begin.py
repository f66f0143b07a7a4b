"""Put a mass email in line for two lanes, and let every claim of its rows be written down."""

from bench_scripts.material import Bench, report

# Every so many recipients one is the partner of a CRM, who can be archived.
PARTNER_EVERY = 10

bench = Bench(env)
encryption = "starttls" if VARIABLES["starttls"] else "none"
bench.use_server(VARIABLES["port"], smtp_encryption=encryption)
bench.use_lanes(2)

count = VARIABLES["recipients"]
partner_count = count // PARTNER_EVERY
targets = bench.target_list(count - partner_count, "r")
excluding = bench.target_list(0, "x")
partners = bench.env["res.partner"].create(
    [
        {"name": f"Partner {number}", "email": f"p{number}.{bench.run}@example.com"}
        for number in range(partner_count)
    ]
)
bench.env["mailing.contact"].create(
    [{"partner_id": partner.id, "list_ids": [(4, targets.id)]} for partner in partners]
)
# a letter that everybody has: who opts out now does it by that, for the next is still on its way
earlier = bench.mass_email(targets)
earlier._build_queue()
earlier.mailing_trace_ids.sudo().write({"trace_status": "sent"})
earlier.state = "done"

mass_email = bench.mass_email(targets, excluding_list_ids=[(6, 0, excluding.ids)])
mass_email.action_set_pending()

# a claim looks at the database when its transaction begins, or later
bench.env.cr.execute(
    f"""
    DROP TABLE IF EXISTS bench_claim;
    CREATE TABLE bench_claim (
        mailing INTEGER, email TEXT, at DOUBLE PRECISION,
        run TEXT, number INTEGER, session INTEGER);
    CREATE OR REPLACE FUNCTION bench_claim() RETURNS TRIGGER LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO bench_claim VALUES (
                NEW.mass_mailing_id, NEW.email, EXTRACT(EPOCH FROM transaction_timestamp()),
                NEW.claim_key, NEW.claim_number, pg_backend_pid());
            RETURN NULL;
        END
    $$;
    CREATE OR REPLACE TRIGGER bench_claim AFTER UPDATE OF trace_status ON mailing_trace
       FOR EACH ROW WHEN (
           OLD.trace_status = 'outgoing' AND NEW.trace_status = 'process'
           AND NEW.mass_mailing_id = {mass_email.id})
       EXECUTE FUNCTION bench_claim();
    """
)
bench.env.cr.commit()
report(
    "begin",
    mailing=mass_email.id,
    earlier=earlier.id,
    target_list=targets.id,
    excluding_list=excluding.id,
)
