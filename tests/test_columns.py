from lxml import etree

from odoo.tests import TransactionCase, tagged

# “28 февр. 2027 г., 12:44”; “May 28, 2027, 12:44 PM” takes as much
PIXELS = 170


@tagged("post_install", "-at_install")
class TestColumns(TransactionCase):
    def test_a_time_of_another_year_fits_its_column(self):
        ours = self.env["ir.model.data"].search(
            [("module", "=", "mass_mailing_campaign"), ("model", "=", "ir.ui.view")]
        )
        widths = {}
        for view in self.env["ir.ui.view"].browse(ours.mapped("res_id")):
            for field in etree.fromstring(view.arch_db).iter("field"):
                if field.get("width") and field.get("name").endswith(("date", "datetime")):
                    widths[view.name, field.get("name")] = int(field.get("width")[: -len("px")])
        self.assertTrue(widths)
        self.assertFalse({key: width for key, width in widths.items() if width < PIXELS})

    def test_the_names_of_what_is_chosen_in_a_dialog_are_not_cut_off(self):
        for model, name in (("utm.campaign", "title"), ("mailing.list", "name")):
            arch = etree.fromstring(self.env[model].get_view(view_type="list")["arch"])
            [field] = arch.iterfind(f"field[@name='{name}']")
            self.assertIn("text-wrap", field.get("class", ""), model)
