"""Plain classes over an Odoo environment; no models here, and none imported.

* ``job``: one call of a lane by Odoo's cron, in the time it has (``job_time``)
* ``run``: claim, compose, transmit, acknowledge, settle: one run of sending
* ``results``: what a run knows of its messages
* ``letter``: a mass email prepared once per run, composed for each recipient
* ``source``: its HTML before it is filled in, an opt-out link in it for everybody
* ``spliced_letter``: the same letter compiled, what differs spliced into bytes
* ``inline``, ``body``: its subject and its body, filled in for many contacts at once
* ``dates``: those in it, equal ones written once
* ``text_part``: its text, made from the pieces of its HTML
* ``headers``: what its headers say of the kind of mail it is
* ``pixel``: the image by which openings are seen
* ``inspection``: links and images in it that will not work; ``finding``: what speaks against it
* ``beside``: claims and settles of a run that go on while it sends
* ``limits``: how much may leave right now, and when more may
* ``moments``: a moment as its reader says it
* ``troubles``: what errors of a connection mean, in the user's language
* ``stock_words``: Odoo's own words on our screens
* ``turns``: the lock that claims take turns on; methods that are run again
* ``shutdown``: runs end well when the server stops
"""
