import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

/** Odoo's form of a mailing: a mass email that is about to open in it opens in its own form. */
export class MailingFormController extends FormController {
    get modelParams() {
        const params = super.modelParams;
        params.hooks.onRootLoaded = (root) => this.giveWayToMassEmail(root);
        return params;
    }

    giveWayToMassEmail({ data, resId }) {
        if (data.delivery_mode === "portions" && !this.env.inDialog) {
            this.actionService.doAction("mass_mailing_campaign.mailing_mailing_action_mass_email", {
                props: { resId },
                viewType: "form",
                // in the place of this form
                index: this.env.config.breadcrumbs.length - 1,
            });
            return new Promise(() => {}); // nothing is shown here any more
        }
    }
}

registry.category("views").add("mailing_form", { ...formView, Controller: MailingFormController });
