import { onWillDestroy, useEnv, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";

export const PROGRESS = "mass_mailing_campaign/progress";
// Milliseconds between two looks, however much news there is.
const PAUSE = 1000;
// the same where each look counts what may be a million lines
export const COUNT_PAUSE = 2000;
// The last news is looked at once more: what is read may come from a replica of the database
// (db_replica_host), which is a moment behind.
const LOOKS = 2;
// How many components of this page listen to a channel: the bus itself does not count.
const listeners = new Map();

/** The server's words tell the time as the fields beside them do: by this browser's clock. */
export const byThisClock = () => ({ context: { tz: luxon.DateTime.local().zoneName } });

/** Names of what a record shows that only the server changes: its figures. */
function figureNames({ activeFields, fields }) {
    return Object.keys(activeFields).filter((name) => {
        const { readonly, type } = fields[name];
        return (readonly || name === "state") && !["one2many", "many2many", "html"].includes(type);
    });
}

/** Bring the figures of records up to date, and leave alone what a user is writing in them. */
export async function refreshFigures(orm, records) {
    const shown = records.filter((record) => record.resId);
    if (!shown.length) {
        return;
    }
    const [{ resModel, fields }] = shown;
    const names = figureNames(shown[0]);
    const specification = Object.fromEntries(
        names.map((name) => [
            name,
            fields[name].type === "many2one" ? { fields: { display_name: {} } } : {},
        ])
    );
    const ids = shown.map(({ resId }) => resId);
    for (const { id, ...figures } of await orm.silent.webRead(resModel, ids, { specification })) {
        shown.find(({ resId }) => resId === id)?._applyValues(figures);
    }
}

/**
 * Have a callback called when there is news of the mass emails of a record, at once and then as
 * often as the pause allows, and once more behind the last news.
 *
 * @param {() => Promise} onNews
 * @param {number} pause in milliseconds
 * @returns {(resModel: string, resId: number|false) => void} to be told which record is shown: a
 *      mass email or a campaign
 */
export function useProgress(onNews, pause = PAUSE) {
    const bus = useService("bus_service");
    let shown = {};
    let timer;
    let looks = 0; // that are still owed

    const look = () => {
        looks--;
        timer = setTimeout(() => {
            timer = undefined;
            if (looks) {
                look();
            }
        }, pause);
        // nobody asked: what is shown stays, until the next news or what its user does
        onNews().catch(() => {});
    };
    const onNotification = ({ campaign_id, mailing_ids }) => {
        const ids = shown.resModel === "utm.campaign" ? [campaign_id] : mailing_ids;
        if (shown.resId && ids.includes(shown.resId)) {
            looks = LOOKS;
            if (!timer) {
                look();
            }
        }
    };
    const count = ({ resModel, resId }, change) => {
        if (!resId) {
            return;
        }
        const channel = `${PROGRESS}/${resModel}/${resId}`;
        const before = listeners.get(channel) || 0;
        listeners.set(channel, before + change);
        if (!before) {
            bus.addChannel(channel);
        } else if (before + change === 0) {
            bus.deleteChannel(channel);
        }
    };

    bus.subscribe(PROGRESS, onNotification);
    onWillDestroy(() => {
        bus.unsubscribe(PROGRESS, onNotification);
        clearTimeout(timer);
        count(shown, -1);
    });
    return (resModel, resId) => {
        if (resModel !== shown.resModel || resId !== shown.resId) {
            count({ resModel, resId }, 1);
            count(shown, -1);
            shown = { resModel, resId };
        }
    };
}

/** What the server says of mass emails in words: why they wait, and when they are done. */
export function useWords() {
    const { orm } = useEnv().services; // that of a component fails when it is gone meanwhile
    const state = useState({ words: [] });
    return {
        state,
        async fetch(ids) {
            const saved = ids.filter(Boolean);
            state.words = saved.length
                ? await orm.silent.call("mailing.mailing", "get_progress", [saved], byThisClock())
                : [];
        },
    };
}
