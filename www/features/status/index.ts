// The state of the run, in one sentence and as a bar, and in attributes of the body for style sheets.

import { entrantOf } from '../../model/comparison';
import { labelOf } from '../../model/controls';
import { planted, undecided } from '../../model/run-stats';
import { busyOf, keptUnits, momentOf, openedOf, phaseOf, planOf, progressOf, settlesAt, stepsOf, valuesOf } from '../../model/selectors';
import type { State } from '../../model/state';
import { sentenceOf } from '../../model/step-through';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { drawProgress } from '../../ui/progress';
import { type StatusInput, StatusView } from './view';

/** How often the time of a long task is updated. */
const TICK_MS = 1000;

const { body } = document;

/** `now`: by the page's clock. */
function inputOf(state: State, now: number): StatusInput {
  const { run, comparison, controls } = state;
  const [moment, opened, progress, busy] = [momentOf(state), openedOf(run), progressOf(run), busyOf(run)];
  const snapshot = opened?.snapshot ?? null;
  const description = opened?.description ?? null;
  const mask = (moment ?? snapshot)?.mask;
  return {
    state: phaseOf(run),
    failure: run.kind === 'failed' ? run.failure : null,
    plan: planOf(run),
    description,
    values: moment?.values ?? valuesOf(run),
    step: snapshot?.step ?? 0,
    steps: snapshot?.steps ?? stepsOf(run),
    kept: keptUnits(state),
    undecided: moment ? undecided(moment.scores, 255) : undecided(snapshot?.scores ?? [], 1),
    sizing: run.kind === 'opening' && run.sizing,
    settles: settlesAt(run),
    halted: snapshot?.halted ?? null,
    evaluation: opened?.evaluation ?? null,
    progress: progress && { ...progress, since_ms: now - progress.since },
    busy: busy && { task: busy.task, since_ms: now - busy.since, ms: busy.ms },
    step_ms: snapshot?.step_ms ?? 0,
    since_ms: now - (opened?.stepped_at ?? 0),
    planted: description && mask ? planted(description, mask) : null,
    queued: comparison && { ...entrantOf(comparison), method: labelOf(controls, entrantOf(comparison).entrant) },
    looking: moment?.step ?? null,
    partial_step: opened?.step_through && !moment ? sentenceOf(opened.step_through, opened.description, opened.values) : null,
  };
}

/** Sets an attribute of the body, or removes it. */
function mark(name: string, value: string | undefined): void {
  if (value === undefined) delete body.dataset[name];
  else body.dataset[name] = value;
}

export const status: Feature = {
  mount(page) {
    const view = new StatusView(at('say'), at('live'));
    page.offer('announce', (words) => view.announce(words));
    const draw = (): void => view.draw(inputOf(page.state, performance.now()));
    const drawAgain = page.draw({
      of: ({ run }) => [openedOf(run)?.snapshot, planOf(run), progressOf(run), busyOf(run)],
      soon: (state) => [state.looking, openedOf(state.run)?.step_through, openedOf(state.run)?.evaluation, state.comparison],
      pace: 'words',
      draw,
    });
    // The sentence is drawn together with the attribute, so that both agree.
    page.follow(
      ({ run, waits }) => [phaseOf(run), run.number, waits],
      () => {
        drawAgain();
        page.flush('words');
        mark('state', phaseOf(page.state.run));
        mark('failure', page.state.run.kind === 'failed' ? page.state.run.failure : undefined);
      },
    );
    page.follow(
      ({ run }) => [openedOf(run)?.snapshot?.step ?? 0],
      () => mark('step', String(openedOf(page.state.run)?.snapshot?.step ?? 0)),
    );
    page.follow(
      ({ looking }) => [looking],
      () => {
        const moment = momentOf(page.state);
        mark('looking', moment ? String(moment.step) : undefined);
        at('now').hidden = moment === null;
      },
    );
    page.follow(
      ({ run }) => [progressOf(run), phaseOf(run)],
      () => drawProgress(progressOf(page.state.run)),
    );
    // The sentence about a long task changes while the state does not.
    setInterval(() => {
      const { run } = page.state;
      if (busyOf(run) || progressOf(run) || phaseOf(run) === 'training') drawAgain();
    }, TICK_MS);
  },
};
