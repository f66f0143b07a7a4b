import { Component } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** A dropdown whose items call methods of the record it stands on. */
class RecordMenu extends Component {
    static template = "mass_mailing_campaign.RecordMenu";
    static components = { Dropdown, DropdownItem };
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.dialog = useService("dialog");
    }

    get items() {
        return [];
    }

    select({ method, label, confirm }) {
        if (!confirm) {
            return this.call(method);
        }
        this.dialog.add(ConfirmationDialog, {
            body: confirm,
            confirmLabel: label,
            confirm: () => this.call(method),
            cancel: () => {},
        });
    }

    async call(method) {
        const { record } = this.props;
        const form = record.model.root;
        if (await form.save()) {
            await this.action.doActionButton({
                type: "object",
                name: method,
                resModel: record.resModel,
                resId: record.resId,
                resIds: [record.resId],
                context: record.context,
                onClose: () => form.load(),
            });
        }
    }
}

const END = {
    method: "action_end",
    label: _t("End"),
    confirm: _t("Who has not been mailed yet will not be. What was sent stays sent."),
};

/** Stands at the end of a row of the Mass Emails panel. */
export class MassEmailRowMenu extends RecordMenu {
    get items() {
        const { state, is_under_way, is_paused } = this.props.record.data;
        const pause = is_paused
            ? { method: "action_resume", label: _t("Resume") }
            : { method: "action_pause", label: _t("Pause") };
        return [
            ...(state === "done" ? [] : [{ method: "action_send_test", label: _t("Send Test") }]),
            ...(is_under_way ? [pause] : []),
            ...(state === "sending" ? [END] : []),
            { method: "action_view_members", label: _t("Members") },
        ];
    }
}

/** Stands in the upper right corner of the log. */
export class CampaignLogMenu extends RecordMenu {
    get items() {
        return [{ method: "action_list_from_log", label: _t("Create Target List") }];
    }
}

const widgets = registry.category("view_widgets");
widgets.add("mass_email_row_menu", { component: MassEmailRowMenu });
widgets.add("campaign_log_menu", { component: CampaignLogMenu });
