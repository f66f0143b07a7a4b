"""Runs in Odoo's shell: Russian as Odoo and the addon bring it, beside English."""

env["res.lang"]._activate_lang("ru_RU")
installed = env["ir.module.module"].search([("state", "=", "installed")])
installed._update_translations(["ru_RU"], overwrite=True)
env.cr.commit()
