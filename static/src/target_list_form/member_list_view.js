import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

/** The domain of what is ticked in a list; of all search results, where all of them are. */
export function selectedDomain(list) {
    return list.isDomainSelected
        ? list.domain
        : [["id", "in", list.selection.map((record) => record.resId)]];
}

/** Members of a target list, or who left it; tells the form around it what changes. */
export class MemberListController extends ListController {
    get canRemove() {
        return Boolean(this.env.embeddedList) && this.props.resModel === "mailing.subscription";
    }

    removeSelected() {
        const list = this.model.root;
        const domain = selectedDomain(list);
        this.dialogService.add(ConfirmationDialog, {
            title: _t("Remove Members"),
            body: _t(
                "The selected members leave the list. Opt-outs are remembered: who left stays opted out when added again."
            ),
            confirmLabel: _t("Remove"),
            confirm: async () => {
                const { target_list_id: listId } = this.props.context;
                await this.orm.call("mailing.list", "remove_members", [[listId], domain]);
                await this.model.load();
                this.env.embeddedList.onChanged();
            },
            cancel: () => {},
        });
    }

    async afterExecuteActionButton(clickParams) {
        await super.afterExecuteActionButton(clickParams);
        this.env.embeddedList?.onChanged();
    }
}

/** The same as cards, on a phone. */
export class MemberCardsController extends KanbanController {
    async afterExecuteActionButton(clickParams) {
        await super.afterExecuteActionButton(clickParams);
        this.env.embeddedList?.onChanged();
    }
}

registry.category("views").add("target_list_member_cards", {
    ...kanbanView,
    Controller: MemberCardsController,
});
registry.category("views").add("target_list_members", {
    ...listView,
    Controller: MemberListController,
    buttonTemplate: "mass_mailing_campaign.MemberList.Buttons",
});
