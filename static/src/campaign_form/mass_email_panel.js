import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";

/** Mailings of a campaign: each row opens the whole form of its kind, not a dialog. */
export class MailingPanel extends X2ManyField {
    setup() {
        super.setup();
        this.orm = useService("orm");
    }

    async openRecord({ resId }) {
        if (await this.props.record.save()) {
            const action = await this.orm.call("mailing.mailing", "get_formview_action", [resId]);
            await this.action.doAction(action);
        }
    }
}

/** The Mass Emails panel: its "Add" opens the whole form, too. */
export class MassEmailPanel extends MailingPanel {
    async onAdd() {
        if (await this.props.record.save()) {
            // the context is read after saving: a new campaign has its id only then
            await this.action.doAction("mass_mailing_campaign.mailing_mailing_action_mass_email", {
                additionalContext: this.props.context,
                viewType: "form",
            });
        }
    }
}

const fields = registry.category("fields");
fields.add("mailing_panel", { ...x2ManyField, component: MailingPanel });
fields.add("mass_email_panel", { ...x2ManyField, component: MassEmailPanel });
