import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { BadgeField, badgeField } from "@web/views/fields/badge/badge_field";
import { StatusBarField, statusBarField } from "@web/views/fields/statusbar/statusbar_field";

// A mass email goes by other names than a standard mailing in the same status.
const LABELS = {
    draft: _t("Draft"),
    in_queue: _t("Pending"),
    sending: _t("In Process"),
    done: _t("Complete"),
};

export class MassEmailStatusBar extends StatusBarField {
    getAllItems() {
        return super.getAllItems().map((item) => ({ ...item, label: LABELS[item.value].toString() }));
    }
}

export class MassEmailStatusBadge extends BadgeField {
    get formattedValue() {
        const { [this.props.name]: state, is_under_way, is_paused } = this.props.record.data;
        return (is_under_way && is_paused ? _t("Paused") : LABELS[state]).toString();
    }
}

const fields = registry.category("fields");
fields.add("mass_email_status", {
    ...statusBarField,
    component: MassEmailStatusBar,
    additionalClasses: ["o_field_statusbar"],
});
fields.add("mass_email_status_badge", {
    ...badgeField,
    component: MassEmailStatusBadge,
    additionalClasses: ["o_field_badge"],
});
