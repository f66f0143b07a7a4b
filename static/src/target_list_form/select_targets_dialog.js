import { useChildSubEnv } from "@odoo/owl";
import { patch } from "@web/core/utils/patch";
import { ListController } from "@web/views/list/list_controller";
import { SelectCreateDialog } from "@web/views/view_dialogs/select_create_dialog";
import { selectedDomain } from "./member_list_view";

/**
 * Odoo's dialog to select records, which tells what was selected as a domain: of all search
 * results there may be more than the client sends ids of.
 */
export class SelectTargetsDialog extends SelectCreateDialog {
    setup() {
        super.setup();
        useChildSubEnv({ onSelection: (list) => (this.list = list) });
    }

    select(resIds) {
        const domain = this.list?.isDomainSelected
            ? selectedDomain(this.list)
            : [["id", "in", resIds]];
        return this.executeOnceAndClose(() => this.props.onSelected(domain));
    }
}

patch(ListController.prototype, {
    onSelectionChanged() {
        this.env.onSelection?.(this.model.root);
        return super.onSelectionChanged();
    },
});
