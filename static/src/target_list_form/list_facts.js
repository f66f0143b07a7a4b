import { onWillUnmount, useEffect, useEnv, useState } from "@odoo/owl";
import { useBus, useService } from "@web/core/utils/hooks";
import { refreshFigures } from "../campaign_form/progress";

const CHANGED = "TARGET_LIST_CHANGED";

/**
 * Tell the widgets of a target list's form that its members have changed, and its title, which
 * counts them.
 *
 * @param {() => Object} getRecord the record of the form
 */
export function useTellChanged(getRecord) {
    const env = useEnv();
    const { orm } = env.services; // that of a component fails when it is gone meanwhile
    return () => {
        env.bus.trigger(CHANGED);
        return refreshFigures(orm, [getRecord()]);
    };
}

/**
 * What the server says of a target list, asked for after its form is open and again when its
 * members have changed. There is one request at a time: a list may have a million members.
 *
 * @param {() => Object} getRecord the record of the form
 * @param {string} method of `mailing.list`
 * @returns {{ answer: Object[], isFresh: boolean }} reactive
 */
export function useListFacts(getRecord, method) {
    const orm = useService("orm");
    const facts = useState({ answer: [], isFresh: false });
    let asked = null; // the list that the running request is about
    let isOutdated = false;
    let isGone = false;

    async function ask() {
        const { resId } = getRecord();
        facts.isFresh = false;
        if (!resId || asked) {
            isOutdated = Boolean(asked);
            return;
        }
        asked = resId;
        try {
            const answer = await orm.silent.call("mailing.list", method, [[resId]]);
            if (resId === getRecord().resId) {
                facts.answer = answer;
                facts.isFresh = !isOutdated;
            }
        } finally {
            asked = null;
        }
        if (isOutdated && !isGone) {
            isOutdated = false;
            ask();
        }
    }

    useEffect(
        (resId) => {
            facts.answer = [];
            if (resId) {
                ask();
            }
        },
        () => [getRecord().resId]
    );
    useBus(useEnv().bus, CHANGED, ask);
    onWillUnmount(() => (isGone = true));
    return facts;
}
