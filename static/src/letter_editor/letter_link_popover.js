import { status, useEffect, useState } from "@odoo/owl";
import { LinkPopover } from "@html_editor/main/link/link_popover";
import { AutoComplete } from "@web/core/autocomplete/autocomplete";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus } from "@web/core/utils/hooks";
import { codeIn, isMeantAsCode } from "./code";

/**
 * Odoo's popover of a link, for letters: it leaves the codes of tracking URLs and of the opt-out
 * page as they are, calls them by their names, and offers them, so that nobody needs to type one.
 */
export class LetterLinkPopover extends LinkPopover {
    static template = "mass_mailing_campaign.LetterLinkPopover";
    static props = {
        ...LinkPopover.props,
        destinations: Object,
        rights: Object,
        picksAtOnce: Boolean,
        destination: { type: Object, optional: true },
    };
    // other modules add to Odoo's later
    static get components() {
        return { ...super.components, AutoComplete };
    }

    setup() {
        super.setup();
        this.destination = useState({ name: "", label: "" });
        this.rights = useState(this.props.rights);
        // a tracking URL that is being made
        this.making = useState({ isOpen: false, name: "", url: "", isSaving: false });
        this.state.url = codeIn(this.state.url) || this.state.url;
        useEffect(
            (url) => {
                this.findDestination(url);
            },
            () => [this.state.url]
        );
        useAutofocus({ refName: "newName" });
        useEffect(
            () => {
                if (this.props.destination) {
                    this.pick(this.props.destination);
                } else if (this.props.picksAtOnce) {
                    const input = this.editingWrapper.el.querySelector(".o_link_destination input");
                    input.focus();
                    input.click(); // opens the list
                }
            },
            () => []
        );
    }

    get isCode() {
        return isMeantAsCode(this.state.url);
    }

    // ------------------------------------------------------------
    // Codes stay whole
    // ------------------------------------------------------------

    /** A misspelt one stays what it is, too: it is named when the mass email shall be sent. */
    correctLink(url) {
        return codeIn(url) || (isMeantAsCode(url) ? url : super.correctLink(url));
    }

    deduceUrl(text) {
        return codeIn(text) || super.deduceUrl(text);
    }

    isAbsoluteURLInCurrentDomain() {
        return !this.isCode && super.isAbsoluteURLInCurrentDomain();
    }

    updateUrlAndLabel() {
        super.updateUrlAndLabel();
        this.state.url = codeIn(this.state.url) || this.state.url;
        this.state.label = codeIn(this.state.label) ? "" : this.state.label;
    }

    /** The text of a link is for the recipient, who must never read a code. */
    applyDeducedUrl() {
        if (this.isCode && (!this.state.label || codeIn(this.state.label))) {
            this.state.label = this.destination.label || _t("Link");
        }
        super.applyDeducedUrl();
    }

    // ------------------------------------------------------------
    // Codes are called by their names
    // ------------------------------------------------------------

    async findDestination(url) {
        const { name = "", label = "" } = (await this.props.destinations.find(url)) || {};
        if (url === this.state.url && status(this) !== "destroyed") {
            Object.assign(this.destination, { name, label });
        }
    }

    /** There is no page to look at, and nothing is fetched. */
    async loadAsyncLinkPreview() {
        if (!this.isCode) {
            return super.loadAsyncLinkPreview();
        }
        this.resetPreview();
        this.state.previewIcon.value = "fa-line-chart";
        const destination = await this.props.destinations.find(this.state.url);
        const unknown = codeIn(this.state.url) ? _t("No such tracking URL") : _t("Not understood");
        this.state.urlTitle = destination ? destination.title : unknown;
        this.state.urlDescription = destination ? destination.description : this.state.url;
    }

    onClickReplaceTitle() {
        return this.isCode ? this.onClickApply() : super.onClickReplaceTitle();
    }

    // ------------------------------------------------------------
    // Picking one
    // ------------------------------------------------------------

    get pickerPlaceholder() {
        return _t("Tracking URL or opt-out page");
    }

    get destinationSources() {
        return [{ placeholder: _t("Loading…"), options: (term) => this.loadDestinations(term) }];
    }

    async loadDestinations(term) {
        const { destinations } = this.props;
        const option = (destination) => ({
            label: destination.name,
            onSelect: () => this.pick(destination),
        });
        const options = (await destinations.search(term)).map(option);
        if (!options.length) {
            options.push({ label: this.nothingFound(term), cssClass: "fst-italic text-muted" });
        }
        if (destinations.isMakingOffered) {
            options.push({
                label: _t("New tracking URL…"),
                cssClass: "o_new_tracking_url fw-bold",
                onSelect: () => this.startMaking(term),
            });
        }
        // last: who looks for a tracking URL and presses Enter means another one
        return destinations.isOptOut(term) ? [...options, option(destinations.optOut)] : options;
    }

    // ------------------------------------------------------------
    // Making one
    // ------------------------------------------------------------

    /** Named as what was looked for; an address that was typed for the link is its URL. */
    startMaking(term) {
        const url = this.isCode ? "" : this.state.url;
        Object.assign(this.making, { isOpen: true, name: term || this.state.label, url });
    }

    get canMake() {
        return Boolean(this.making.name.trim() && this.making.url.trim() && !this.making.isSaving);
    }

    onMakingKeydown(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            ev.stopPropagation();
            this.make();
        }
    }

    async make() {
        if (!this.canMake) {
            return;
        }
        this.making.isSaving = true;
        try {
            const { name, url } = this.making;
            const destination = await this.props.destinations.make(name.trim(), url.trim());
            if (status(this) !== "destroyed") {
                this.making.isOpen = false;
                this.pick(destination);
            }
        } finally {
            this.making.isSaving = false;
        }
    }

    nothingFound(term) {
        const { isTemplate, campaignId } = this.props.destinations;
        if (term) {
            return _t("No tracking URL of this name");
        }
        if (isTemplate) {
            return _t("Add tracking URLs in the campaign");
        }
        return campaignId ? _t("No tracking URL yet") : _t("Choose a campaign first");
    }

    pick({ code, name, label }) {
        this.state.url = code;
        Object.assign(this.destination, { name, label });
        if (!this.state.label || codeIn(this.state.label)) {
            this.state.label = label;
        }
        if (this.props.picksAtOnce) {
            this.onClickApply();
        } else {
            this.onChange();
        }
    }
}
