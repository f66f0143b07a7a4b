import { onWillStart, onWillUpdateProps } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";
import { refreshFigures, useProgress, useWords } from "./progress";

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

/**
 * The Mass Emails panel: its "+" opens the whole form, too. Its figures keep up while something is
 * sent, and it says in words why what is under way waits, or when it will be done.
 */
export class MassEmailPanel extends MailingPanel {
    static template = "mass_mailing_campaign.MassEmailPanel";

    setup() {
        super.setup();
        const { state, fetch } = useWords();
        this.state = state;
        this.fetch = fetch;
        this.show = useProgress(() => this.refresh());
        onWillStart(() => this.look(this.props));
        onWillUpdateProps((props) => this.look(props));
    }

    /** Nobody waits for the words: they come when they come. */
    look({ record, name }) {
        const { records } = record.data[name];
        this.show(record.resModel, record.resId);
        const key = JSON.stringify(
            records.map(({ resId, data }) => [resId, data.mass_email_status, data.sent_count])
        );
        if (key !== this.key) {
            this.key = key;
            this.fetch(records.filter(({ data }) => data.is_under_way).map(({ resId }) => resId));
        }
    }

    /** Who leaves in between needs no answer: the services of the page, not of the component. */
    async refresh() {
        const { record, name } = this.props;
        const { records, resIds } = record.data[name];
        await refreshFigures(this.env.services.orm, records);
        if (resIds.length) {
            this.look(this.props);
        }
    }

    get told() {
        return this.state.words.filter(({ reason, forecast }) => reason || forecast);
    }

    get addLabel() {
        return _t("Mass Email");
    }

    /** The "+" above the list takes the place of a line in it. */
    get displayControlPanelButtons() {
        return false;
    }

    get rendererProps() {
        const props = super.rendererProps;
        if (this.props.viewMode === "list") {
            props.activeActions = { ...props.activeActions, create: false, link: false };
        } else {
            delete props.onAdd;
            delete props.addLabel;
        }
        return props;
    }

    async onAdd() {
        const { context, record } = this.props;
        if (await record.save()) {
            // a new campaign has its id only now, and the context not before it is drawn again
            await this.action.doAction("mass_mailing_campaign.mailing_mailing_action_mass_email", {
                additionalContext: { ...context, default_campaign_id: record.resId },
                viewType: "form",
            });
        }
    }
}

const fields = registry.category("fields");
fields.add("mailing_panel", { ...x2ManyField, component: MailingPanel });
fields.add("mass_email_panel", { ...x2ManyField, component: MassEmailPanel });
