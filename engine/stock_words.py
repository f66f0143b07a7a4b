"""Odoo's own words, where they stand on our screens and another one is meant.

They are in ``i18n_extra``, which Odoo reads behind ``i18n``. Loading a module leaves the words that
are there already, and Odoo's came first.
"""

from odoo.tools.translate import TranslationImporter, get_base_langs

OURS = "mass_mailing_campaign/i18n_extra"


def use_ours(env):
    _importer_of_ours(env).save(force_overwrite=True)


def use_odoos(env):
    """Give Odoo its words back."""
    ours = _importer_of_ours(env)
    names = {
        name
        for words in (ours.model_translations, ours.model_terms_translations)
        for fields in words.values()
        for names in fields.values()
        for name in names
    }
    importer = TranslationImporter(env.cr, verbose=False)
    for lang in _langs(env):
        for module in {name.split(".")[0] for name in names}:
            for base in get_base_langs(lang):
                importer.load_file(f"{module}/i18n/{base}.po", lang, xmlids=names)
    importer.save(force_overwrite=True)


def _importer_of_ours(env):
    importer = TranslationImporter(env.cr, verbose=False)
    for lang in _langs(env):
        for base in get_base_langs(lang):
            importer.load_file(f"{OURS}/{base}.po", lang)
    return importer


def _langs(env):
    return [lang for lang, _name in env["res.lang"].get_installed()]
