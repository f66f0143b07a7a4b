"""Send one letter over different numbers of sessions, to a server that takes its time."""

PORT, OURS, STOCK = variable("port"), variable("ours"), variable("stock")
for sessions in (10, 20):
    use_server(PORT, sessions)
    ours = mass_email(target_list(OURS, f"ours{sessions}."))
    ours._build_queue()
    measure(f"ours, {sessions} sessions", OURS, lambda: send_all(ours))
    assert ours.sent_count == OURS
stock = standard_mailing(target_list(STOCK, "stock"))
measure("stock", STOCK, lambda: send_standard(stock))
