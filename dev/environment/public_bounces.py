"""Class the bounces of two public collections; run inside the virtual environment.

In a folder lie, unpacked or cloned:

* ``flufl_bounce-*``: the source package of flufl.bounce (``pip download --no-binary :all:``). Its
  tests tell failed from delayed only, so what the mails say of the reason is told here, by hand;
* ``set-of-emails`` and ``rb-sisimai``: those repositories of Sisimai's on GitHub. Its tests tell
  the reason; mails about several recipients are what the mildest reason is.
"""

import ast
import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path

GRAVITY = ["policy", "temporary", "final"]
# Sisimai's reasons.
REASONS = {
    "final": "userunknown hostunknown hasmoved notaccept",
    "temporary": "mailboxfull expired networkerror systemerror systemfull toomanyconn speeding"
    " mailererror onhold undefined",
    "policy": "authfailure badreputation blocked contenterror exceedlimit mesgtoobig norelaying"
    " notcompliantrfc policyviolation rejected requireptr securityerror spamdetected syntaxerror"
    " virusdetected",
    "complaint": "feedback",
    "auto_reply": "vacation",
    "other": "delivered",
}
# Reasons that say both: a mailbox that is disabled; "not for this address", after the content.
EITHER = {
    "suspend": {"temporary", "final"},
    "filtered": {"policy", "temporary", "final"},
}
# What flufl.bounce's failed mails say of the reason, where it is not the address.
FULL = (
    "postfix_04 newmailru_01 hotpop_01 simple_07 simple_09 simple_14 simple_38 simple_45 dsn_01"
    " dsn_04 qmail_02 qmail_06 qmail_07 yahoo_02 yahoo_04"
)
NO_WAY = (
    "postfix_02 postfix_03 sendmail_01 simple_18 simple_32 simple_44 bounce_03 dsn_02 netscape_01"
    " yahoo_01 smtp32_01 smtp32_02"
)
DISABLED = "yahoo_03 yahoo_05 yahoo_06 yahoo_07 yahoo_08 yahoo_09 yahoo_10"
NO_REASON = (
    "simple_01 simple_02 simple_10 simple_16 simple_17 simple_20 simple_24 simple_31 microsoft_03"
    " dsn_13 dsn_15 qmail_01 yahoo_12 sina_01 caiwireless_01 smtp32_03 smtp32_05"
)
POLICY = "postfix_05 dsn_03 dsn_09 aol_01"


def sisimai(folder):
    """Yield a mail, and the kinds that are right."""
    kinds = {reason: kind for kind, reasons in REASONS.items() for reason in reasons.split()}
    for file in sorted((folder / "rb-sisimai/test/public").glob("*.rb")):
        text = file.read_text()
        for number, cases in re.findall(r"'(\d+)' => \[(\[.*?\])\]", text, re.DOTALL):
            names = (file.stem, file.stem.replace("lhost", "rhost"))
            paths = [folder / f"set-of-emails/maildir/bsd/{name}-{number}.eml" for name in names]
            mail = next((path for path in paths if path.exists()), None)
            reasons = re.findall(r"\['[\d.]*',\s*'\d*',\s*'(\w+)'", cases)
            if mail and reasons:
                yield mail, _right(reasons, kinds, "auth-failure" in cases)


def _right(reasons, kinds, is_authentication):
    if is_authentication:
        return {"other"}
    if reasons[0] in EITHER:
        return EITHER[reasons[0]]
    told = [kinds[reason] for reason in reasons if kinds.get(reason) in GRAVITY]
    return {min(told, key=GRAVITY.index) if told else kinds[reasons[0]]}


def flufl(folder):
    """Yield a mail, and the kinds that are right."""
    [package] = folder.glob("flufl_bounce-*/")
    tests = ast.parse((package / "tests/test_detectors.py").read_text())
    table = next(
        node.value
        for node in tests.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "DETECTORS"
    )
    verdicts = {}
    for _detector, name, addresses, is_temporary in ast.literal_eval(table):
        if addresses or name not in verdicts:
            verdicts[name] = addresses and ("temporary" if is_temporary else "final")
    by_hand = {name: {"temporary"} for name in f"{FULL} {NO_WAY} {NO_REASON}".split()}
    by_hand |= {name: {"temporary", "final"} for name in DISABLED.split()}
    by_hand |= {name: {"policy"} for name in POLICY.split()}
    for name, verdict in verdicts.items():
        right = {verdict} if verdict else {"other", "temporary", "policy"}
        yield package / "tests/data" / name, by_hand.get(name.removesuffix(".txt"), right)


def measure(name, mails, read_report):
    wrong, count, false_finals = Counter(), 0, 0
    for mail, right in mails:
        kind = read_report(mail.read_bytes()).kind.value
        count += 1
        # a server that still tries has not failed, whatever the reason
        if kind in right or (kind == "delayed" and "final" not in right):
            continue
        wrong[" or ".join(sorted(right)), kind] += 1
        false_finals += kind == "final"
        print(f"  {mail.name}: {kind} instead of {' or '.join(sorted(right))}")
    right = count - wrong.total()
    print(f"{name}: {count} mails, {100 * right / count:.1f} % right, ", end="")
    print(f"{100 * false_finals / count:.1f} % final that are not")


def main():
    repository, folder = Path(sys.argv[1]), Path(sys.argv[2])
    # delivery alone, without Odoo
    spec = importlib.util.spec_from_file_location("delivery", repository / "delivery/__init__.py")
    sys.modules["delivery"] = delivery = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(delivery)
    measure("flufl.bounce", flufl(folder), delivery.report.read_report)
    measure("Sisimai", sisimai(folder), delivery.report.read_report)


if __name__ == "__main__":
    main()
