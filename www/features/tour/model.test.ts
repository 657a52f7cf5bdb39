// The steps of the tour: what each waits for, and what it says when that has happened.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLACES } from '../../ui/anchors';
import type { Speed } from '../../protocol/messages';
import type { News } from '../../model/actions';
import type { PageFacts } from '../../model/page-facts';
import { description, group, record, run, snapshot } from '../../testing/samples';
import { CHAPTERS, STEPS, TOUR_LINK, type TourStep, wantedLink } from './model';

const page = (more: Partial<PageFacts> = {}): PageFacts => ({
  settings: [],
  values: { method: 'vrpge', keep_ratio: '0.2' },
  query: '',
  state: 'paused',
  run: 1,
  current: run(1),
  description: description(),
  snapshot: snapshot(0),
  speed: null,
  view: 'network',
  open: () => undefined,
  show: async () => undefined,
  ask: () => undefined,
  listen: () => () => undefined,
  ...more,
});
const step = (title: string): TourStep => STEPS.find((each) => each.step.title === title)?.step ?? assert.fail(`no step ${title}`);
const done = (title: string, at: Partial<PageFacts>, news: News | null = null, begun = { step: 0, keep_ratio: '0.2' }): string | null =>
  (step(title).wait ?? assert.fail(`${title} waits for nothing`)).done(page(at), begun, news);

test('all steps stand in chapters, speak of places that there are, and have titles of their own', () => {
  assert.equal(
    STEPS.length,
    CHAPTERS.reduce((sum, { steps }) => sum + steps.length, 0),
  );
  assert.equal(new Set(STEPS.map(({ step: { title } }) => title)).size, STEPS.length);
  for (const {
    step: { at, title },
    chapter,
  } of STEPS) {
    assert(at.length > 0 && at.every((name) => name in PLACES), title);
    assert(CHAPTERS[chapter]?.steps.some((each) => each.title === title));
  }
});

test('a run of VR-PGE with gated inputs suits, but where it takes long in software; any other brings one along', () => {
  assert.equal(wantedLink(page()), null);
  assert.equal(wantedLink(page({ description: null })), null, 'nothing is known yet');
  assert.equal(wantedLink(page({ values: null })), null);
  assert.equal(wantedLink(page({ description: description({ multiply_adds: 4e7 }) })), TOUR_LINK.quick);
  assert.equal(wantedLink(page({ description: description({ multiply_adds: 4e7, software: false }) })), null);
  assert.equal(wantedLink(page({ values: { method: 'dense' } })), TOUR_LINK.quick);
  assert.equal(wantedLink(page({ values: { method: 'dense' }, description: description({ software: false }) })), TOUR_LINK.usual);
  assert.equal(wantedLink(page({ description: description({ groups: [group({ gated: false })], software: false }) })), TOUR_LINK.usual);
});

test('it trains once a step is done while it trains', () => {
  assert.equal(done('Set it going', { state: 'training', snapshot: snapshot(0) }), null);
  assert.equal(done('Set it going', { state: 'paused', snapshot: snapshot(12) }), null);
  assert.equal(done('Set it going', { state: 'training', snapshot: snapshot(1200) }), 'It trains: step 1,200.');
});

test('the budget came down once a gated layer keeps at most half of its units', () => {
  const kept = (...units: number[]): Partial<PageFacts> => ({ snapshot: snapshot(40, { kept: Uint32Array.from(units) }) });
  assert.equal(done('The budget comes down', kept(4, 3, 0)), null, 'classes are no layer that is gated');
  assert.equal(done('The budget comes down', kept(4, 2, 3)), 'At step 40, hidden 1 keeps 2 of 4.');
  assert.equal(done('The budget comes down', kept(3, 2, 3)), 'At step 40, inputs keeps 3 of 6.');
  assert.equal(
    done('The budget comes down', { snapshot: snapshot(0, { kept: Uint32Array.of(0, 0, 0) }) }),
    null,
    'before the first step nothing is kept or lost',
  );
});

test('it is held where it is paused, or at its end', () => {
  assert.equal(done('Hold it there', { state: 'training' }), null);
  assert.equal(done('Hold it there', { state: 'paused', snapshot: snapshot(7) }), 'Paused at step 7.');
  for (const state of ['finished', 'halted'] as const) assert.equal(done('Hold it there', { state }), 'The run has ended.');
});

test('two masks are drawn by one step more, and the units that they disagree about are counted', () => {
  const after = snapshot(8, { mask: Uint8Array.of(0, 1, 2, 3, 1, 0, 0, 0, 0, 3) });
  assert.equal(done('Two masks are drawn', { snapshot: after }, null, { step: 8, keep_ratio: '' }), null);
  assert.equal(done('Two masks are drawn', { snapshot: after, state: 'training' }, null, { step: 7, keep_ratio: '' }), null);
  assert.equal(done('Two masks are drawn', { snapshot: after }, null, { step: 7, keep_ratio: '' }), 'Step 8: m and m′ disagree about 3 units.');
});

test('a step in which L′ is smaller than L is told of, no other and none of before', () => {
  const news = (...records: ReturnType<typeof record>[]): News => ({ kind: 'snapshot', run: 1, snapshot: snapshot(records.length, { records }) });
  const at = (told: News | null): string | null => done('One batch, two losses', {}, told, { step: 5, keep_ratio: '' });
  assert.equal(at(null), null);
  assert.equal(at(news(record(6, { loss: 1, probe_loss: 1 }), record(7, { loss: 1, probe_loss: NaN }))), null);
  assert.equal(at(news(record(4, { loss: 2, probe_loss: 1 }))), null, 'step 5 was done when this began');
  assert.equal(
    at(news(record(5, { loss: 2, probe_loss: 3 }), record(6, { loss: 2, probe_loss: 1.5 }), record(7, { loss: 2, probe_loss: 1 }))),
    'Step 7: L = 2.000, L′ = 1.500. The scores of units that only m′ kept rise.',
  );
});

test('the budget was changed when the keep ratio is another', () => {
  assert.equal(done('Change the budget', {}), null);
  assert.equal(done('Change the budget', { values: { keep_ratio: '0.5' } }), 'From 0.2 to 0.5.');
});

test('one looked back at step 100 or before', () => {
  const looked = (at: number | null): string | null => done('Look back', {}, { kind: 'looked', step: at });
  assert.deepEqual([101, null, 100, 0].map(looked), [null, null, 'This is step 100.', 'This is step 0.']);
});

test('both speeds were measured: now, or before this step began', () => {
  const speed: Speed = { sparse_ms: 1, dense_ms: 1.512, ratio: 1.512, predicted: 4.2, steps: 10, phases: [], adapter: '', how: '' };
  assert.equal(done('Measured, not promised', {}), null);
  assert.equal(
    done('Measured, not promised', {}, { kind: 'speed', run: 1, speed }),
    '1.51× on this device, with what is kept now; multiply-adds alone would give 4.20×.',
  );
  assert.match(done('Measured, not promised', { speed }) ?? '', /^Both were measured/);
});

test('Compare was opened, and no other view', () => {
  assert.equal(done('The fair opponent', {}, { kind: 'viewed', name: 'network' }), null);
  assert.match(done('The fair opponent', {}, { kind: 'viewed', name: 'runs' }) ?? '', /shows several runs/);
});

test('at the end every unit is decided, or the run says how many are not', () => {
  const scores = Float32Array.of(0, 1, 1, 0, 0, 0, 1, 0, 0, 0);
  const mask = scores.map((score) => 3 * score);
  const ended = (more: Partial<PageFacts>): string | null => done('To the end', more);
  assert.equal(
    ended({ snapshot: snapshot(90, { scores, mask: Uint8Array.from(mask) }), state: 'training' }),
    'Step 90: all are decided, and 3 of 10 units are kept.',
  );
  const open = snapshot(100, { scores: scores.with(3, 0.5), mask: Uint8Array.from(mask) });
  assert.equal(ended({ snapshot: open, state: 'training' }), null);
  assert.equal(ended({ snapshot: open, state: 'finished' }), 'The run has ended: 3 of 10 units are kept, 10.0\u00a0% are still undecided.');
  assert.equal(ended({ snapshot: snapshot(0), state: 'finished' }), null, 'before the first step nothing is decided');
});
