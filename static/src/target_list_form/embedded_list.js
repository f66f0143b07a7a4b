import { Component, useSubEnv } from "@odoo/owl";
import { getDefaultConfig, View } from "@web/views/view";

/**
 * A list view (on a phone a kanban) inside a form: paged and searchable as any, so that no more rows than
 * it shows are ever loaded.
 */
export class EmbeddedList extends Component {
    static template = "mass_mailing_campaign.EmbeddedList";
    static components = { View };
    static props = {
        resModel: String,
        domain: Array,
        context: Object,
        noContentHelp: { type: Object, optional: true },
        onChanged: { type: Function, optional: true },
        hasActions: { type: Boolean, optional: true },
        hasSelectors: { type: Boolean, optional: true },
    };
    static defaultProps = { onChanged: () => {}, hasActions: false, hasSelectors: true };

    setup() {
        // the form's breadcrumbs, pager and views are not the list's
        useSubEnv({
            config: { ...getDefaultConfig(), disableSearchBarAutofocus: true },
            embeddedList: this.props,
        });
    }

    get viewProps() {
        return {
            // on a phone, cards: nobody has to push a row sideways to its buttons
            type: this.env.isSmall ? "kanban" : "list",
            resModel: this.props.resModel,
            domain: this.props.domain,
            context: this.props.context,
            noContentHelp: this.props.noContentHelp,
            searchViewId: false,
            searchMenuTypes: ["filter", "groupBy"],
            // what can be done with the rows that are ticked
            loadActionMenus: this.props.hasActions,
            display: { controlPanel: { adaptToScroll: false }, searchPanel: false },
            noBreadcrumbs: true,
            className: "o_embedded_list",
            ...(this.env.isSmall ? {} : { allowSelectors: this.props.hasSelectors }),
        };
    }
}
