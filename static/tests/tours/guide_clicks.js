import { registry } from "@web/core/registry";

/**
 * Clicks per step of the guide, as the tours make them; EspoCRM's stand beside these in the source
 * of doc/guide.md, and are no fewer. Typing is not counted, in neither.
 */
export const CLICKS = {
    campaign: 5,
    "tracking url": 4,
    "tracking url in the letter": 2,
    "mass email": 3,
    test: 3,
    log: 1,
    "list from the log": 3,
    "members of a target list": 6,
};

const PREFIX = "Guide: ";

/** Stands before the steps that make one step of the guide; an empty name ends it. */
export const guide = (name) => ({ trigger: "body", content: PREFIX + name });

const clicks = ({ run }) => (typeof run === "string" ? run.split("&&") : []).filter((action) =>
    action.trim().startsWith("click")
).length;

/** Have a tour fail before it begins when a step of the guide takes other clicks than these. */
export function assertClicks(tourName) {
    const tour = registry.category("web_tour.tours").get(tourName);
    const { steps: makeSteps } = tour;
    tour.steps = () => {
        const steps = makeSteps();
        const counted = {};
        let name = "";
        for (const step of steps) {
            if (step.content?.startsWith(PREFIX)) {
                name = step.content.slice(PREFIX.length);
                counted[name] ??= 0;
            }
            counted[name] += clicks(step);
        }
        delete counted[""];
        for (const [name, count] of Object.entries(counted)) {
            if (count !== CLICKS[name]) {
                throw new Error(`"${name}" takes ${count} clicks, not ${CLICKS[name]}`);
            }
        }
        return steps;
    };
}
