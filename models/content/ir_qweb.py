from odoo import api, models
from odoo.tools import safe_eval


class IrQweb(models.AbstractModel):
    """Renders one template for many records; Odoo compiles one that is no view for each of them."""

    _inherit = "ir.qweb"

    @api.model
    def _render_in_pieces(self, template, values, records):
        """Do for each record, as ``object``, what ``_render`` does; yield its texts, not joined.

        What the template says for everybody is the same string object each time.

        :param template: an ``engine.body.CompiledOnce``
        :param values: what ``_render`` gets, without ``object``; it is not changed
        """
        values = dict(values)
        qweb = self.with_context(preserve_comments=True, mass_email_template=template)
        qweb = qweb._prepare_environment(values).with_context(
            __qweb_loaded_functions={},
            __qweb_loaded_codes={},
            __qweb_loaded_options={},
            _qweb_error_path_xml=[None, None, None],
        )
        safe_eval.check_values(values)
        for record in records:
            own = values | {"object": record}
            root = own.copy()
            own["__qweb_root_values"] = root["__qweb_root_values"] = root
            yield list(qweb._render_iterall(template.element, None, own))

    def _compile(self, template):
        once = self.env.context.get("mass_email_template")
        if once is None or not once.is_meant(template):
            return super()._compile(template)
        if once.code is None:
            once.code = super()._compile(template)
        return once.code
