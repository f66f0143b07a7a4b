import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const LOOKS = {
    error: { icon: "fa-times-circle text-danger", name: _t("Stops the sending") },
    warning: { icon: "fa-exclamation-triangle text-warning", name: _t("To be looked at") },
    hint: { icon: "fa-lightbulb-o text-info", name: _t("Could be better") },
};

/** What speaks against sending a mass email: what, where, and what to do about it. */
export class MassEmailFindings extends Component {
    static template = "mass_mailing_campaign.MassEmailFindings";
    static props = { ...standardFieldProps };

    get findings() {
        const findings = this.props.record.data[this.props.name] || [];
        return findings.map((finding) => ({ ...finding, look: LOOKS[finding.severity] }));
    }
}

registry.category("fields").add("mass_email_findings", {
    component: MassEmailFindings,
    supportedTypes: ["json"],
});
