import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

// as wide as most phones
const WIDTHS = { desktop: "100%", phone: "375px" };

/**
 * A letter as mail programs show it: no script runs in it, and no link of it leads anywhere.
 */
export class MassEmailPage extends Component {
    static template = "mass_mailing_campaign.MassEmailPage";
    static props = { ...standardFieldProps };

    setup() {
        this.ui = useService("ui");
        this.state = useState({ device: this.ui.isSmall ? "phone" : "desktop" });
    }

    get devices() {
        return [
            { name: "desktop", label: _t("Desktop"), icon: "fa-desktop" },
            { name: "phone", label: _t("Phone"), icon: "fa-mobile" },
        ];
    }

    get width() {
        return WIDTHS[this.state.device];
    }

    /** Links would open in a window of their own, which the sandbox does not allow. */
    get page() {
        const page = this.props.record.data[this.props.name] || "";
        return page.replace(/<head[^>]*>|$/i, (head) => `${head}<base target="_blank"/>`);
    }
}

/** To the recipient before, and behind. */
export class MassEmailPreviewSteps extends Component {
    static template = "mass_mailing_campaign.MassEmailPreviewSteps";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ end: 0 });
    }

    async go(step) {
        const { record } = this.props;
        const { mailing_id, contact_id } = record.data;
        const args = [mailing_id.id, contact_id ? contact_id.id : 0, step];
        const contact = await this.orm.call("mailing.preview", "get_neighbour", args);
        this.state.end = contact ? 0 : step;
        if (contact) {
            await record.update({ contact_id: contact });
        }
    }
}

registry.category("fields").add("mass_email_page", {
    component: MassEmailPage,
    supportedTypes: ["text"],
});
registry.category("view_widgets").add("mass_email_preview_steps", {
    component: MassEmailPreviewSteps,
});
