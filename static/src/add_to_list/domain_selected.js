import { patch } from "@web/core/utils/patch";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { ListController } from "@web/views/list/list_controller";

// An action is sent the search domain always, and at most 20,000 ids. So it is told when all search
// results are selected, for then the domain is what is meant.

for (const Controller of [ListController, KanbanController]) {
    patch(Controller.prototype, {
        get actionMenuProps() {
            const props = super.actionMenuProps;
            if (!props.isDomainSelected) {
                return props;
            }
            return { ...props, context: { ...props.context, is_domain_selected: true } };
        },
    });
}
