import { Component, onMounted, status, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";
import { ControlPanel } from "@web/search/control_panel/control_panel";

/** Where the campaigns are, a red dot tells who can mend it that something stops mass emails. */
export class CheckupDot extends Component {
    static template = "mass_mailing_campaign.CheckupDot";
    static props = {};

    setup() {
        this.action = useService("action");
        this.state = useState({ count: 0 });
        // the campaigns do not wait for it, and may be left before it is known
        onMounted(() => this.look(this.env.services.orm));
    }

    async look(orm) {
        const groups = ["mass_mailing_campaign.group_manager", "base.group_system"];
        const has = await Promise.all(groups.map((group) => user.hasGroup(group)));
        if (has.some(Boolean)) {
            const count = await orm.silent.call("mailing.checkup.finding", "get_alert", []);
            if (status(this) !== "destroyed") {
                this.state.count = count || 0;
            }
        }
    }

    get title() {
        return _t("Something stops mass emails or what comes back: %s. See the check-up.", this.state.count);
    }

    open() {
        this.action.doAction("mass_mailing_campaign.mailing_checkup_action");
    }
}

ControlPanel.components = { ...ControlPanel.components, CheckupDot };

patch(ControlPanel.prototype, {
    get isOfCampaigns() {
        const { searchModel, config } = this.env;
        return searchModel?.resModel === "utm.campaign" && ["kanban", "list"].includes(config.viewType);
    },
});
