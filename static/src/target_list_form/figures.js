import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { callAsButton } from "../campaign_form/call_as_button";
import { useListFacts } from "./list_facts";

// what stands there until the figures have come
const PLACEHOLDERS = [
    { name: "members", label: _t("Members") },
    { name: "will_receive", label: _t("Will Receive") },
    { name: "opted_out", label: _t("Opted Out") },
    { name: "blacklisted", label: _t("Blacklisted") },
    { name: "no_address", label: _t("No Address") },
    { name: "dead", label: _t("Dead Address") },
];

/** Figures of a target list; each opens its members. */
export class TargetListFigures extends Component {
    static template = "mass_mailing_campaign.TargetListFigures";
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.facts = useListFacts(() => this.props.record, "get_figures");
    }

    get figures() {
        const { answer } = this.facts;
        return answer.length ? answer : PLACEHOLDERS;
    }

    format(count) {
        return count === undefined ? "…" : formatInteger(count);
    }

    async open(name) {
        await callAsButton(this.action, this.props.record, "action_view_figure", name);
    }
}

registry.category("view_widgets").add("target_list_figures", { component: TargetListFigures });
