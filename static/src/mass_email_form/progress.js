import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { refreshFigures, useProgress, useWords } from "../campaign_form/progress";

/**
 * What is going on with a mass email, in words: how its subject reads, why it waits, when it will
 * be done. While it is sent, this and the figures of the form keep up by themselves.
 */
export class MassEmailProgress extends Component {
    static template = "mass_mailing_campaign.MassEmailProgress";
    static props = { ...standardWidgetProps };

    setup() {
        const { state, fetch } = useWords();
        this.state = state;
        this.fetch = fetch;
        this.show = useProgress(() => this.refresh());
        useRecordObserver((record) => {
            const { resModel, resId, data, dirty } = record;
            this.show(resModel, resId);
            const { mass_email_status, schedule_date, retry_datetime, subject, preview } = data;
            const saved = dirty ? this.saved : [schedule_date, subject, preview];
            this.saved = saved;
            const key = JSON.stringify([resId, mass_email_status, retry_datetime, saved]);
            if (key !== this.key) {
                this.key = key;
                this.fetch([resId]);
            }
        });
    }

    get words() {
        return this.state.words[0] || {};
    }

    /** Subject and preview text as a recipient reads them, where nobody writes them any more. */
    get letter() {
        const { state, subject, preview } = this.props.record.data;
        return (
            state === "done" &&
            this.state.words.length && {
                subject: this.words.subject || subject,
                preview: this.words.preview || preview,
            }
        );
    }

    get hasFailed() {
        return this.props.record.data.mass_email_status === "failed";
    }

    async refresh() {
        const { record } = this.props;
        await refreshFigures(this.env.services.orm, [record]);
        await this.fetch([record.resId]);
    }
}

registry.category("view_widgets").add("mass_email_progress", { component: MassEmailProgress });
