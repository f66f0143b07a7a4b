import { Component, useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** A dropdown whose items call methods of the record it stands on. */
class RecordMenu extends Component {
    static template = "mass_mailing_campaign.RecordMenu";
    static components = { Dropdown, DropdownItem };
    static props = { ...standardWidgetProps, context: { type: Object, optional: true } };

    setup() {
        this.action = useService("action");
        this.dialog = useService("dialog");
    }

    get title() {
        return "";
    }

    get items() {
        return [];
    }

    onOpened() {}

    /** The keyboard gets to what cannot be chosen, too. */
    choose(item) {
        return item.isDisabled ? undefined : this.select(item);
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
                context: { ...record.context, ...this.props.context },
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

/** Stands at the end of a row of the Mass Emails panel. Offers what makes sense for its status. */
export class MassEmailRowMenu extends RecordMenu {
    get items() {
        const { state, is_under_way, is_paused, is_start_past, open_tracking, sent_count } =
            this.props.record.data;
        const setPending = {
            method: "action_check_and_set_pending",
            label: _t("Set Pending"),
            confirm: is_start_past && _t("Its start date is over, so it goes out at once."),
        };
        const pause = is_paused
            ? { method: "action_resume", label: _t("Resume") }
            : { method: "action_pause", label: _t("Pause") };
        const toUnopened = {
            method: "action_send_to_unopened",
            label: open_tracking
                ? _t("Send to Who Did Not Open")
                : _t("Send to Who Did Not Open (Not Tracked)"),
            isDisabled: !open_tracking,
        };
        return [
            ...(state === "draft" ? [setPending] : []),
            ...(state === "done" ? [] : [{ method: "action_send_test", label: _t("Send Test") }]),
            { method: "action_preview", label: _t("Preview") },
            ...(is_under_way ? [pause] : []),
            ...(state === "in_queue"
                ? [{ method: "action_back_to_draft", label: _t("Back to Draft") }]
                : []),
            ...(is_under_way || state === "done"
                ? [{ method: "action_view_members", label: _t("Members") }]
                : []),
            { method: "action_duplicate", label: _t("Duplicate") },
            ...(sent_count ? [toUnopened] : []),
            ...(state === "sending" ? [END] : []),
        ];
    }
}

// Target lists that are made in two clicks, by the names they have in the wizard.
const PRESETS = {
    clicked: _t("Clicked"),
    opened_not_clicked: _t("Opened, Did Not Click"),
    not_opened: _t("Did Not Open"),
    bounced_for_good: _t("Bounced for Good"),
};

/** Stands in the upper right corner of the log; beside each preset stands how many it finds. */
export class CampaignLogMenu extends RecordMenu {
    setup() {
        super.setup();
        this.orm = useService("orm");
        this.state = useState({ counts: {} });
    }

    get title() {
        return _t("New target list of who");
    }

    get items() {
        return [
            ...Object.entries(PRESETS).map(([preset, label]) => {
                const count = this.state.counts[preset];
                return { preset, label, count, isDisabled: count !== undefined && !count };
            }),
            { method: "action_list_from_log", label: _t("Create Target List…"), isApart: true },
        ];
    }

    async onOpened() {
        const { resId } = this.props.record;
        this.state.counts = resId
            ? await this.orm.silent.call("mailing.list.from.log", "count_presets", [resId])
            : {};
    }

    format(count) {
        if (count === undefined) {
            return ""; // not counted yet
        }
        return count === null ? _t("not tracked") : formatInteger(count);
    }

    select(item) {
        return item.preset ? this.create(item) : super.select(item);
    }

    async create({ preset, label }) {
        const { resId, data } = this.props.record;
        if (await this.props.record.model.root.save()) {
            const name = `${data.title}: ${label}`;
            const args = [resId, preset, name];
            const action = await this.orm.call("mailing.list.from.log", "create_from_preset", args);
            await this.action.doAction(action);
        }
    }
}

const widgets = registry.category("view_widgets");
widgets.add("mass_email_row_menu", { component: MassEmailRowMenu });
