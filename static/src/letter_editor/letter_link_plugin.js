import { reactive } from "@odoo/owl";
import { isHtmlContentSupported } from "@html_editor/core/selection_plugin";
import { Plugin } from "@html_editor/plugin";
import { withSequence } from "@html_editor/utils/resource";
import { HtmlMailField } from "@mail/views/web/fields/html_mail_field/html_mail_field";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { patch } from "@web/core/utils/patch";
import { Destinations } from "./destinations";
import { LetterLinkPopover } from "./letter_link_popover";

/** Links of mass emails and their templates, which may lead to tracking URLs and the opt-out page. */
export class LetterLinkPlugin extends Plugin {
    static id = "letterLink";
    static dependencies = ["userCommand"];

    resources = {
        user_commands: [
            {
                id: "insertTrackingUrl",
                title: _t("Tracking URL"),
                description: _t("Link to a tracking URL"),
                icon: "fa-line-chart",
                isAvailable: (selection) => this.isOffered && isHtmlContentSupported(selection),
                run: () => this.openPopover(),
            },
            {
                id: "insertOptOutLink",
                title: _t("Opt-Out Link"),
                description: _t("Link to the opt-out page"),
                icon: "fa-user-times",
                isAvailable: (selection) => this.isOffered && isHtmlContentSupported(selection),
                run: () => this.openPopover(this.destinations.optOut),
            },
        ],
        // before Odoo's own: what a letter is about would be out of sight behind headings and lists
        powerbox_categories: withSequence(1, { id: "mass_email", name: _t("Mass Email") }),
        powerbox_items: [
            { categoryId: "mass_email", commandId: "insertTrackingUrl" },
            { categoryId: "mass_email", commandId: "insertOptOutLink" },
        ],
        toolbar_items: [
            { id: "tracking_url", groupId: "link", commandId: "insertTrackingUrl" },
            { id: "opt_out_link", groupId: "link", commandId: "insertOptOutLink" },
        ],
        // before Odoo's own
        link_popovers: withSequence(10, {
            PopoverClass: LetterLinkPopover,
            isAvailable: (link) => this.isLetter && !(link && this.isImmutable(link)),
            getProps: (props) => ({
                ...props,
                destinations: this.destinations,
                rights: this.rights,
                picksAtOnce: false,
                ...this.opening,
            }),
        }),
    };

    setup() {
        this.destinations = new Destinations(this.services.orm, this.config.getRecordInfo);
        // reactive: a link may be opened before the server has answered
        this.rights = reactive({ isMarketer: false });
        user.hasGroup("mass_mailing.group_mass_mailing_user").then((isMarketer) => {
            this.rights.isMarketer = isMarketer;
        });
    }

    /** Codes are for mass emails; a template is of these while it is for mailing contacts. */
    get isLetter() {
        const { resModel, data } = this.config.getRecordInfo?.() || {};
        return resModel === "mailing.mailing"
            ? data.delivery_mode === "portions"
            : resModel === "mail.template" && data.model === "mailing.contact";
    }

    get isOffered() {
        return this.rights.isMarketer && this.isLetter;
    }

    isImmutable(link) {
        return this.getResource("immutable_link_selectors").some((each) => link.matches(each));
    }

    /** Make a link of what is selected, to what is given or is picked first of all. */
    openPopover(destination) {
        this.opening = { destination, picksAtOnce: true, LinkPopoverState: { editing: true } };
        this.dependencies.userCommand.getCommand("openLinkTools").run();
        this.opening = {};
    }
}

patch(HtmlMailField.prototype, {
    getConfig() {
        const config = super.getConfig();
        if (["mailing.mailing", "mail.template"].includes(this.props.record.resModel)) {
            config.Plugins.push(LetterLinkPlugin);
        }
        return config;
    },
});

// the designer, with blocks and without
for (const editor of ["mass_mailing-plugins", "basic-editor-plugins"]) {
    registry.category(editor).add(LetterLinkPlugin.id, LetterLinkPlugin);
}
