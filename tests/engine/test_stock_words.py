from odoo.addons.mass_mailing_campaign.engine import stock_words
from odoo.tests import TransactionCase
from odoo.tools import file_open
from odoo.tools.translate import code_translations, translation_file_reader


class TestStockWords(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("ru_RU")
        mass_mailing = cls.env["ir.module.module"].search([("name", "=", "mass_mailing")])
        mass_mailing._update_translations(["ru_RU"], overwrite=True)

    def taken(self):
        """What a message reads that the mail server took."""
        statuses = self.env.ref("mass_mailing.selection__mailing_trace__trace_status__sent")
        return statuses.with_context(lang="ru_RU").name

    def test_ours_stand_before_those_that_odoo_brought(self):
        stock_words.use_ours(self.env)
        self.assertEqual(self.taken(), "Отправлено")

    def test_a_target_is_called_by_a_name_as_people_are(self):
        ours = self.env["ir.module.module"].search([("name", "=", "mass_mailing_campaign")])
        ours._update_translations(["ru_RU"], overwrite=True)
        name = self.env["ir.model.fields"]._get("mailing.contact", "name")
        self.assertEqual(name.with_context(lang="ru_RU").field_description, "Имя")

    def test_odoos_are_given_back(self):
        odoos = self.taken()
        stock_words.use_ours(self.env)
        self.assertNotEqual(self.taken(), odoos)
        stock_words.use_odoos(self.env)
        self.assertEqual(self.taken(), odoos)

    def test_each_is_for_a_word_that_is_shown(self):
        with file_open("mass_mailing_campaign/i18n_extra/ru.po", "rb") as words:
            for word in translation_file_reader(words):
                if word["type"] == "code":
                    continue
                shown = self.env.ref(f"{word['module']}.{word['imd_name']}")
                text = shown[word["name"].split(",")[1]]
                if word["type"] == "model":
                    self.assertEqual(text, word["src"])
                else:
                    self.assertIn(word["src"], text)

    def test_the_client_is_given_what_odoo_has_no_words_for(self):
        given = code_translations.get_web_translations("mass_mailing_campaign", "ru_RU")
        self.assertIn(
            {"id": "Missing required fields", "string": "Заполните обязательные поля"},
            given["messages"],
        )

    def test_each_of_these_is_in_the_file_it_names(self):
        with file_open("mass_mailing_campaign/i18n_extra/ru.po", "rb") as words:
            for word in translation_file_reader(words):
                if word["type"] == "code":
                    with file_open(word["name"].removeprefix("addons/")) as source:
                        self.assertIn(word["src"].split("%")[0], source.read())
