"""Send the mass emails that may go out to their end."""

from life_scripts.material import LANE, report

mailings = env["mailing.mailing"].search([("subject", "=like", "Mass email%")])
by_subject = {mailing.subject: mailing for mailing in mailings}
env["res.config.settings"].create({"mass_email_portion_size": 10_000}).execute()
by_subject["Mass email paused"].action_resume()
env.cr.commit()
for _run in range(5):
    env.ref(LANE).method_direct_trigger()
    env.cr.commit()
env.invalidate_all()
report(states={subject: mailing.state for subject, mailing in by_subject.items()})
