import { _t } from "@web/core/l10n/translation";
import { codeIn, OPT_OUT, trackingCode, trackingId } from "./code";

const FIELDS = ["title", "url", "click_action", "campaign_id"];
const LIMIT = 8;

/**
 * What a link may lead to besides a page: the tracking URLs of the mass email's campaign, or those
 * of all campaigns that are not over for a template; and the opt-out page. A destination is
 * `{ code, name, label, title, description }`: what is stored, what it is called where it is
 * picked, the text of a link that has none yet, and what is said of such a link.
 */
export class Destinations {
    /**
     * @param {Object} orm
     * @param {Function} getRecord the mass email or template as it is in the form
     */
    constructor(orm, getRecord) {
        this.orm = orm;
        this.getRecord = getRecord;
    }

    get optOut() {
        const name = _t("Opt-out page");
        const description = _t("Where the recipient leaves the lists");
        return { code: OPT_OUT, name, label: _t("Unsubscribe"), title: name, description };
    }

    get isTemplate() {
        return this.getRecord().resModel === "mail.template";
    }

    get campaignId() {
        return this.getRecord().data.campaign_id?.id || false;
    }

    /** A tracking URL belongs to the campaign of a mass email. */
    get isMakingOffered() {
        return Boolean(!this.isTemplate && this.campaignId);
    }

    /** Make a tracking URL in the campaign; whatever is wrong with it is told by the server. */
    async make(title, url) {
        const values = { is_tracking_url: true, title, url, campaign_id: this.campaignId };
        const [id] = await this.orm.create("link.tracker", [values]);
        return this.find(trackingCode(id));
    }

    /** Tracking URLs whose name holds what was typed; few, there may be thousands. */
    async search(term) {
        const domain = this.isTemplate
            ? [["campaign_id.campaign_status", "in", ["planning", "active"]]]
            : [["campaign_id", "=", this.campaignId]];
        const match = ["|", ["title", "ilike", term], ["campaign_id.title", "ilike", term]];
        return this.read([...domain, ...(term ? match : [])]);
    }

    /** Whether the opt-out page is called as what was typed. */
    isOptOut(term) {
        return this.optOut.name.toLowerCase().includes(term.toLowerCase());
    }

    /** The destination of a link by its address; nothing if that is a page, or a code of nothing. */
    async find(address) {
        const code = codeIn(address);
        if (!code || code === OPT_OUT) {
            return code ? this.optOut : undefined;
        }
        const domain = this.isTemplate ? [] : [["campaign_id", "=", this.campaignId]];
        return (await this.read([["id", "=", trackingId(code)], ...domain]))[0];
    }

    /** Who may not read them is offered none. */
    async read(domain) {
        const all = [["is_tracking_url", "=", true], ...domain];
        const options = { limit: LIMIT, order: "id desc" };
        const links = await this.orm.silent
            .searchRead("link.tracker", all, FIELDS, options)
            .catch(() => []);
        return links.map(({ id, title, url, click_action, campaign_id }) => ({
            code: trackingCode(id),
            name: this.isTemplate && campaign_id ? `${campaign_id[1]}: ${title}` : title,
            label: title,
            title: _t("Tracking URL: %s", title),
            description: click_action === "message" ? _t("Shows a message") : url,
        }));
    }
}
