import { onWillUnmount } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { useService } from "@web/core/utils/hooks";

// Channel and kind of the notifications that a campaign is sending: `{campaign_id, mailing_ids}`.
export const PROGRESS = "mass_mailing_campaign/progress";
const POLL_MS = 10000;
// a busy campaign tells oftener than anybody can read
const PAUSE_MS = 2000;

/**
 * Look again while a campaign is sending and its tab can be seen: when the server tells of progress,
 * and now and then by ourselves, where no websocket gets through.
 *
 * @param {() => number | false} getCampaignId
 * @param {() => boolean} isSending
 * @param {() => Promise} look
 */
export function useProgress(getCampaignId, isSending, look) {
    const bus = useService("bus_service");
    let pause = null;

    function lookSoon() {
        if (document.visibilityState === "visible" && !pause) {
            pause = browser.setTimeout(() => {
                pause = null;
                look();
            }, PAUSE_MS);
        }
    }

    const onProgress = ({ campaign_id }) => campaign_id === getCampaignId() && lookSoon();
    bus.addChannel(PROGRESS);
    bus.subscribe(PROGRESS, onProgress);
    const poll = browser.setInterval(() => isSending() && lookSoon(), POLL_MS);
    onWillUnmount(() => {
        bus.unsubscribe(PROGRESS, onProgress);
        browser.clearInterval(poll);
        browser.clearTimeout(pause);
    });
}
