import { Component, markup, useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { escape } from "@web/core/utils/strings";
import { formatInteger } from "@web/views/fields/formatters";
import { FormViewDialog } from "@web/views/view_dialogs/form_view_dialog";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { EmbeddedList } from "./embedded_list";
import { useListFacts, useTellChanged } from "./list_facts";
import { SelectTargetsDialog } from "./select_targets_dialog";

function help(title, text) {
    return markup(
        `<p class="o_view_nocontent_smiling_face">${escape(title)}</p><p>${escape(text)}</p>`
    );
}

/** The members of a target list, a tab for each kind of targets. */
export class TargetListMembers extends Component {
    static template = "mass_mailing_campaign.TargetListMembers";
    static components = { EmbeddedList };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.facts = useListFacts(() => this.props.record, "get_target_kinds");
        this.tellChanged = useTellChanged(() => this.props.record);
        this.state = useState({ type: null, version: 0 });
        this.formatInteger = formatInteger;
    }

    get listId() {
        return this.props.record.resId;
    }

    get kinds() {
        return this.facts.answer;
    }

    /** The kind whose tab is open; at first one that has members. */
    get kind() {
        return (
            this.kinds.find(({ type }) => type === this.state.type) ||
            this.kinds.find(({ count }) => count) ||
            this.kinds[0]
        );
    }

    /** The same as long as the tab is: else the list would be loaded anew and forget its ticks. */
    get listProps() {
        const key = `${this.listId},${this.kind.type}`;
        if (this.listPropsKey !== key) {
            this.listPropsKey = key;
            this.cachedListProps = this.makeListProps(this.kind);
        }
        return this.cachedListProps;
    }

    makeListProps({ type, label, may_select }) {
        return {
            resModel: "mailing.subscription",
            domain: [
                ["list_id", "=", this.listId],
                ["target_type", "=", type],
            ],
            context: {
                target_list_id: this.listId,
                list_view_ref: "mass_mailing_campaign.mailing_subscription_view_list_members",
                kanban_view_ref: "mass_mailing_campaign.mailing_subscription_view_kanban_members",
                search_view_ref: "mass_mailing_campaign.mailing_subscription_view_search_members",
            },
            noContentHelp: help(
                _t("No %s here", label.toLowerCase()),
                may_select
                    ? _t("Select some to add them to the list, or change the search.")
                    : _t("Change the search to see others.")
            ),
            onChanged: this.tellChanged,
        };
    }

    open({ type }) {
        this.state.type = type;
    }

    select() {
        const { model, domain, label, selection_context: context } = this.kind;
        this.dialog.add(SelectTargetsDialog, {
            title: _t("Select %s", label),
            resModel: model,
            domain,
            context,
            noCreate: true,
            onSelected: (selected) => this.add(selected),
        });
    }

    create() {
        const { model, context, label } = this.kind;
        this.dialog.add(FormViewDialog, {
            title: _t("New in %s", label),
            resModel: model,
            context,
            canExpand: false,
            onRecordSaved: ({ resId }) => this.add([["id", "=", resId]]),
        });
    }

    async add(domain) {
        const type = this.kind.type;
        const told = await this.orm.call("mailing.list", "add_targets", [
            [this.listId],
            this.kind.model,
            domain,
        ]);
        this.notification.add(told, { type: "success" });
        this.state.type = type; // where one adds one stays
        this.changed();
    }

    removeAll() {
        const { type, label, count } = this.kind;
        this.dialog.add(ConfirmationDialog, {
            title: _t("Remove All"),
            body: _t(
                "All %(kind)s (%(count)s) leave the list. Opt-outs are remembered: who left stays opted out when added again.",
                { kind: label.toLowerCase(), count: formatInteger(count) }
            ),
            confirmLabel: _t("Remove All"),
            confirm: async () => {
                const domain = [["target_type", "=", type]];
                await this.orm.call("mailing.list", "remove_members", [[this.listId], domain]);
                this.state.type = type;
                this.changed();
            },
            cancel: () => {},
        });
    }

    changed() {
        this.state.version++; // the list begins anew, without a search
        this.tellChanged();
    }
}

/** Who left a target list, be she a member of it or not any more. */
export class TargetListOptedOut extends Component {
    static template = "mass_mailing_campaign.TargetListOptedOut";
    static components = { EmbeddedList };
    static props = { ...standardWidgetProps };

    setup() {
        this.tellChanged = useTellChanged(() => this.props.record);
    }

    get listProps() {
        return {
            resModel: "mailing.opt.out",
            domain: [
                ["list_id", "=", this.props.record.resId],
                ["is_leaver", "=", true],
            ],
            context: {
                list_view_ref: "mass_mailing_campaign.mailing_opt_out_view_list",
                kanban_view_ref: "mass_mailing_campaign.mailing_opt_out_view_kanban",
                search_view_ref: "mass_mailing_campaign.mailing_opt_out_view_search",
            },
            noContentHelp: help(
                _t("Nobody has left this list"),
                _t("Who opts out appears here and is not mailed by this list, though added again.")
            ),
            onChanged: this.tellChanged,
            hasSelectors: false, // for nothing is done with several
        };
    }
}

const widgets = registry.category("view_widgets");
widgets.add("target_list_members", { component: TargetListMembers });
widgets.add("target_list_opted_out", { component: TargetListOptedOut });
