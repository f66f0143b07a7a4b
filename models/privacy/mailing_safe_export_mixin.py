from odoo import models

# What makes a formula of a cell, at its beginning or behind white space.
FORMULA_BEGINS = ("=", "+", "-", "@")


def safe_cell(value):
    """Return the value of a cell so that no spreadsheet takes it for a formula."""
    if isinstance(value, str) and (
        value.lstrip().startswith(FORMULA_BEGINS) or value.startswith(("\t", "\r", "\n"))
    ):
        return f"'{value}"
    return value


class MailingSafeExportMixin(models.AbstractModel):
    """A model that holds what recipients and mail servers say: its exports hold no formulas.

    Odoo sees to most of that in a CSV file, but not in an Excel file.
    """

    _name = "mailing.safe.export.mixin"
    _description = "Export Without Formulas"

    def export_data(self, fields_to_export):
        result = super().export_data(fields_to_export)
        result["datas"] = [[safe_cell(value) for value in row] for row in result["datas"]]
        return result
