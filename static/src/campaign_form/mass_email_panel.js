import { registry } from "@web/core/registry";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";

/** The Mass Emails panel: its rows and its "Add" open the whole form, not a dialog. */
export class MassEmailPanel extends X2ManyField {
    async onAdd() {
        if (await this.props.record.save()) {
            // the context is read after saving: a new campaign has its id only then
            await this.openForm(false, this.props.context);
        }
    }

    async openRecord(record) {
        if (await this.props.record.save()) {
            await this.openForm(record.resId, {});
        }
    }

    openForm(resId, context) {
        return this.action.doAction("mass_mailing_campaign.mailing_mailing_action_mass_email", {
            additionalContext: context,
            props: { resId },
            viewType: "form",
        });
    }
}

registry.category("fields").add("mass_email_panel", {
    ...x2ManyField,
    component: MassEmailPanel,
});
