// The settings beside the network.

import { valuesOf } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { SettingsView } from './view';

export const settings: Feature = {
  mount(page) {
    const view = new SettingsView(
      at('settings'),
      page.palette,
      (name, value) => page.dispatch({ kind: 'change', name, value }),
      (query, claim) => (claim === null ? page.dispatch({ kind: 'link', query, trains: false }) : page.call('claim', claim)),
    );
    page.onColours((palette) => view.recolour(palette));
    page.follow(
      ({ controls }) => [controls.settings],
      () => {
        if (page.state.controls.settings.length > 0) view.build(page.state.controls.settings);
      },
    );
    page.follow(
      ({ controls }) => [controls.own],
      () => {
        const { own } = page.state.controls;
        if (own) view.sayOwn(own);
      },
    );
    page.follow(
      ({ controls }) => [controls.plan],
      () => {
        const { plan } = page.state.controls;
        if (plan) view.sayPlan(plan);
      },
    );
    page.follow(
      ({ run }) => [run.kind === 'failed'],
      () => {
        if (page.state.run.kind === 'failed') view.ready();
      },
    );
    page.follow(
      ({ controls: { refusal } }) => [refusal],
      () => {
        const { refusal } = page.state.controls;
        view.refuse(refusal?.message ?? null, refusal?.name);
      },
    );
    page.follow(
      ({ controls: { values, plan, settings, reverts }, run }) => [values, plan, settings, reverts, valuesOf(run)],
      () => {
        const { values, plan } = page.state.controls;
        if (!values) return;
        view.show(values, valuesOf(page.state.run));
        if (plan) view.sayBudget(plan.units, values);
      },
    );
    page.follow(
      ({ controls }) => [controls.along],
      () => {
        const { along } = page.state.controls;
        if (along) view.showBroughtAlong(along);
      },
    );
  },
};
