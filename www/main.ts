// The page: holds what is known of the run, hands it to the views, and passes the visitor's wishes to the worker.

import { Suggestions } from './experiments';
import { means, methodOf } from './methods';
import { bytes, count, duration, fixed, percent } from './numbers';
import {
  type Description,
  type Evaluation,
  type Failure,
  KEPT,
  type Knob,
  type LabProgress,
  type LabReport,
  type Plan,
  PROBE_KEPT,
  type Report,
  type Request,
  type RunState,
  type Snapshot,
  type Speed,
  type Task,
  type Values,
} from './protocol';
import { type Run, Runs } from './runs';
import { Timeline, quantised } from './timeline';
import { Traces } from './traces';
import type { CurvesView } from './views/curves';
import { ILLUSTRATED_GROUPS, illustration } from './views/illustration';
import type { LabView } from './views/lab';
import { NetworkView } from './views/network';
import { NoticeView } from './views/notice';
import { readPalette } from './views/palette';
import { PhasesView } from './views/phases';
import type { RunsView } from './views/runs';
import { SettingsView } from './views/settings';
import { SpeedView } from './views/speed';
import { StatusView } from './views/status';
import { TimelineView } from './views/timeline';

/** What a first visit, without a query, opens: with inputs gated, the mask gathers in the middle of the digits. */
const FIRST_VISIT = 'gate_inputs=true';
/** The engine writes the default experiment as nothing at all, which would read as a first visit. */
const WRITTEN_DEFAULT = 'gate_inputs=false';
const ADDRESS_MS = 250;
const REOPEN_MS = 350;
const RATE_WINDOW_MS = 2500;
/** While the device is busy for long, how long is told every so often. */
const TICK_MS = 1000;

function at<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

const { body } = document;
const trainButton = at<HTMLButtonElement>('train');
const stepButton = at<HTMLButtonElement>('step');
const restartButton = at<HTMLButtonElement>('restart');
const still = matchMedia('(prefers-reduced-motion: reduce)');

let palette = readPalette();
const network = new NetworkView(at('network'), at('cell'), palette);
const timelineView = new TimelineView(at('history'), palette, look);
const phases = new PhasesView(at('phases'));
const statusView = new StatusView(at('say'), at('live'));
const settings = new SettingsView(at('settings'), palette, change, tryOut);
const notice = new NoticeView(at('network'), () => open(true));
const speedView = new SpeedView({
  root: at('speed'),
  ratio: at('ratio'),
  words: at('ratio-words'),
  dense: at('bar-dense'),
  sparse: at('bar-sparse'),
  name: at('sparse-name'),
  dense_ms: at('ms-dense'),
  sparse_ms: at('ms-sparse'),
  key: at('phases-key'),
  note: at('speed-note'),
  ask: at<HTMLButtonElement>('compare'),
});
const suggestions = new Suggestions();

// What is known.
let state: RunState = 'loading';
/** What the controls say, and what the run goes on with. */
let values: Values | null = null;
let running: Values | null = null;
/** The controls as a link. */
let query = '';
/** Live settings changed in this run, by what they were: a run may refuse a change. */
let replaced: Values = {};
let run = 0;
/** What is being opened, or is open. */
let plan: Plan | null = null;
/** Of the controls. */
let wanted: Plan | null = null;
let description: Description | null = null;
let failure: Failure | null = null;
let snapshot: Snapshot | null = null;
let timeline = new Timeline(0, 0);
let traces = new Traces();
let evaluation: Evaluation | null = null;
let speed: Speed | null = null;
let progress: { stage: string; done: number; of: number } | null = null;
let busy: { task: Task; at: number; ms: number | null } | null = null;
/** When the last step was done. */
let stepped_at = 0;
let looking: number | null = null;
let ticket = 0;
let tickets: { ticket: number; name: string; values: Values; queued?: true }[] = [];
let knobs: Knob[] = [];
/** All runs of this visit, and the one that goes on. */
const runs = new Runs();
let current: Run | null = null;
/** Methods that train one after another, all else equal. */
let queue: { methods: string[]; steps: string; at: number } | null = null;
let lab: { progress: LabProgress; report: LabReport | null } | null = null;
let arrivals: { at: number; step: number }[] = [];

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'engine' });
const ask = (request: Request): void => worker.postMessage(request);

/** Charts come beside the first step, which does not wait for them. */
let curves: CurvesView | null = null;
async function loadCurves(): Promise<void> {
  const { CurvesView } = await import('./views/curves');
  curves = new CurvesView(at('loss-chart'), at('accuracy-chart'), palette);
  curves.describe(traces, plannedSteps());
}

/** Parts of the page that are redrawn in a frame after they changed, each no oftener than the eye has use for. */
const parts = {
  network: { due: false, drawn_at: 0, every_ms: () => (still.matches ? 600 : 60), draw: drawNetwork },
  timeline: { due: false, drawn_at: 0, every_ms: () => 60, draw: () => timelineView.draw() },
  curves: { due: false, drawn_at: 0, every_ms: () => 180, draw: () => curves?.draw() },
  words: { due: false, drawn_at: 0, every_ms: () => 220, draw: drawWords },
  runs: { due: false, drawn_at: 0, every_ms: () => 300, draw: drawRuns },
};
let frame = 0;

function redraw(...names: (keyof typeof parts)[]): void {
  for (const name of names) parts[name].due = true;
  frame ||= requestAnimationFrame(drawFrame);
}

function drawFrame(now: number): void {
  frame = 0;
  for (const part of Object.values(parts)) {
    if (!part.due || now - part.drawn_at < part.every_ms()) continue;
    part.due = false;
    part.drawn_at = now;
    part.draw();
  }
  if (Object.values(parts).some((part) => part.due)) frame = requestAnimationFrame(drawFrame);
}

/** Kept units among those that are gated. */
function gatedKept(kept: Uint32Array): number {
  return (description?.groups ?? []).reduce((sum, group, index) => sum + (group.gated ? (kept[index] ?? 0) : 0), 0);
}

/** Steps of the run without fine-tuning, which no snapshot shows. */
function plannedSteps(): number {
  if (!description) return 0;
  return description.steps - Number(running?.['finetune_epochs'] ?? 0) * description.steps_per_epoch;
}

/** The step at which a falling budget reaches its end. */
function settles(): number | null {
  if (!running || !methodOf(running).starts_whole || running['schedule'] !== 'cubic') return null;
  return Math.round(Number(running['anneal_fraction']) * plannedSteps());
}

function drawNetwork(): void {
  const past = looking === null ? null : timeline.at(looking);
  if (past) network.draw(past);
  else if (snapshot) network.draw({ scores: quantised(snapshot.scores), mask: snapshot.mask, kept: snapshot.kept });
}

function drawRuns(): void {
  if (body.dataset['view'] === 'runs') runsView?.draw(runs, current, queue);
}

function text(id: string, words: string): void {
  const element = at(id);
  if (element.textContent !== words) element.textContent = words;
}

function drawWords(): void {
  const past = looking === null ? null : timeline.at(looking);
  const kept = gatedKept(past?.kept ?? snapshot?.kept ?? new Uint32Array());
  const undecided = snapshot?.scores.reduce((sum, score) => sum + (score > 0 && score < 1 ? 1 : 0), 0) ?? 0;
  const step = snapshot?.step ?? 0;
  const steps = snapshot?.steps ?? plannedSteps();
  const now = performance.now();
  statusView.draw({
    state,
    failure,
    plan,
    description,
    values: running,
    step,
    steps,
    kept,
    undecided,
    settles: settles(),
    halted: snapshot?.halted ?? null,
    evaluation,
    progress,
    busy: busy && { task: busy.task, since_ms: now - busy.at, ms: busy.ms },
    step_ms: snapshot?.step_ms ?? 0,
    since_ms: now - stepped_at,
    planted: planted(),
    queued: queue && { run: queue.at + 1, of: queue.methods.length, method: labelOf(queue.methods[queue.at] ?? '') },
    looking: past?.step ?? null,
  });
  drawMeter(past?.sum_scores ?? snapshot?.sum_scores ?? 0, past?.budget ?? snapshot?.budget ?? 0);
  drawFigures(step, steps);
  const record = snapshot?.records.at(-1);
  if (record && snapshot && description && running) {
    const differ = snapshot.mask.reduce((sum, bits) => sum + (bits === 1 || bits === 2 ? 1 : 0), 0);
    phases.draw({ record, values: running, description, kept: snapshot.kept, probe_kept: snapshot.probe_kept, differ });
    text('loss', Number.isFinite(record.probe_loss) ? `${fixed(record.loss, 3)} · ${fixed(record.probe_loss, 3)}` : fixed(record.loss, 3));
  }
  network.name();
}

/** A method's name as the controls have it. */
function labelOf(method: string): string {
  const kind = knobs.find(({ name }) => name === 'method')?.kind;
  return (kind?.type === 'choice' ? kind.choices.find(([name]) => name === method)?.[1] : null) ?? method;
}

function planted(): { kept: number; of: number } | null {
  const informative = description?.informative;
  const inputs = description?.groups[0];
  if (!informative || !inputs?.gated || !snapshot) return null;
  const { mask } = snapshot;
  const of = informative.reduce((sum, carries) => sum + carries, 0);
  return { of, kept: informative.reduce((sum, carries, input) => sum + (carries & (mask[inputs.first_unit + input] ?? 0)), 0) };
}

function drawMeter(sum: number, budget: number): void {
  const units = description?.units ?? 0;
  if (units === 0 || !snapshot) return;
  at('meter-fill').style.width = `${(100 * sum) / units}%`;
  at('meter-tick').style.left = `${(100 * budget) / units}%`;
  const has_budget = running === null || means('keep_ratio', running);
  const is_narrow = running?.['method'] === 'small-dense';
  at('meter-goal').style.left = `${100 * (has_budget && !is_narrow ? Number(running?.['keep_ratio'] ?? 1) : budget / units)}%`;
  text('meter-sum', methodOf(running).family === 'learned' ? `Σs = ${fixed(sum, 1)} units expected` : `${count(sum)} units kept`);
  text('meter-budget', has_budget && !is_narrow ? `budget K = ${fixed(budget, 1)} of ${count(units)}` : `no budget, of ${count(units)}`);
  const meter = at('meter-sum').closest<HTMLElement>('.meter');
  if (meter) {
    meter.dataset['sum'] = String(sum);
    meter.dataset['budget'] = String(budget);
  }
}

function drawFigures(step: number, steps: number): void {
  const [first, last] = [arrivals[0], arrivals.at(-1)];
  const ms = first && last ? last.at - first.at : 0;
  const rate = first && last && ms > 0 ? (1000 * (last.step - first.step)) / ms : NaN;
  const moving = state === 'training' && rate > 0;
  if (moving) text('rate', rate >= 10 ? count(rate) : rate.toPrecision(2));
  text('left', state === 'finished' ? 'done' : moving ? duration((steps - step) / rate) : '–');
  if (description && snapshot) {
    const epochs = Math.max(1, Math.ceil(steps / description.steps_per_epoch));
    text('epoch', `${Math.min(epochs, Math.floor(snapshot.epoch) + 1)} of ${count(epochs)}`);
    drawMemory(description, snapshot);
  }
}

/** What the run holds on the device; less than at first once units that are off for good were dropped. */
function drawMemory({ bytes: { data, activations, weights, optimiser }, units }: Description, { network_bytes, units_held }: Snapshot): void {
  const [first, now] = [data + activations + weights + optimiser, data + network_bytes];
  const figure = at('memory');
  const words = bytes(now);
  if (figure.dataset['bytes'] === String(now)) return;
  figure.dataset['bytes'] = String(now);
  const rest = document.createElement('small');
  rest.textContent = ` of ${bytes(first)}`;
  figure.replaceChildren(words, ...(now < first ? [rest] : []));
  figure.title =
    units_held < units
      ? `The network takes ${bytes(network_bytes)} of the ${bytes(first - data)} that it took at first: ${count(units - units_held)} of ${count(units)} units were dropped.`
      : `Of the adapter’s memory: data ${bytes(data)}, the network ${bytes(network_bytes)}.`;
}

function drawProgress(): void {
  const bar = at('progress');
  const shown = progress !== null && progress.done < progress.of && state !== 'error';
  bar.hidden = !shown;
  if (!shown || !progress) return;
  const share = Math.round((100 * progress.done) / Math.max(1, progress.of));
  bar.ariaValueNow = String(share);
  bar.ariaValueText = `${progress.stage}: ${share} %`;
  const fill = bar.querySelector('i');
  if (fill) fill.style.width = `${share}%`;
}

function drawRun(): void {
  body.dataset['state'] = state;
  body.dataset['step'] = String(snapshot?.step ?? 0);
  const fresh = differs();
  const wants = state === 'training' || waits;
  const label = wants ? 'Pause' : (state === 'finished' || state === 'halted') && !fresh ? 'Train again' : 'Train';
  if (trainButton.textContent !== label) trainButton.textContent = label;
  const broken = state === 'error';
  trainButton.disabled = broken;
  stepButton.disabled = broken || state === 'held' || state === 'finished' || state === 'halted' || description === null;
  restartButton.disabled = broken || description === null;
  restartButton.classList.toggle('new', fresh);
  const name = fresh ? 'Restart with the new settings' : 'Restart';
  restartButton.ariaLabel = name;
  restartButton.title = `${name} (r)`;
  restartButton.dataset['differs'] = String(fresh);
}

/** Whether the controls ask for another run than the one that goes on. */
function differs(): boolean {
  if (!values || !running) return false;
  return Object.entries(values).some(([name, value]) => running?.[name] !== value);
}

function look(column: number | null): void {
  looking = column;
  curves?.mark(column === null ? null : (timeline.at(column)?.step ?? null));
  parts.network.drawn_at = parts.words.drawn_at = 0;
  redraw('network', 'words');
}

// The visitor's wishes.

/** Train was pressed and the run has not begun yet. */
let waits = false;

function toggle(): void {
  if (trainButton.disabled) return;
  // Settings that were just changed are the ones that train, not those of the run that they are about to replace.
  if (state === 'held' || state === 'finished' || state === 'halted' || reopening !== 0) return open(true);
  const wants = state === 'training' || waits;
  waits = !wants && state !== 'training';
  if (!wants) timelineView.now();
  ask({ kind: wants ? 'pause' : 'train' });
  drawRun();
}

function step(): void {
  if (stepButton.disabled) return;
  waits = false;
  timelineView.now();
  ask({ kind: 'step' });
  phases.walk();
}

/** A new run; it trains at once if the one before did, or had. */
function restart(): void {
  if (restartButton.disabled) return;
  open(state !== 'idle' && state !== 'held' && state !== 'paused' && !(state === 'loading' && !waits));
}

let reopening = 0;
/** What the run being opened was asked for: the controls may have moved on by the time it is there. */
let opening: Values | null = null;
function open(train: boolean, queued = false): void {
  clearTimeout(reopening);
  reopening = 0;
  if (!queued) queue = null;
  opening = values;
  notice.clear();
  run += 1;
  waits = train;
  progress = busy = failure = null;
  state = 'loading';
  ask({ kind: 'open', run, query, train });
  drawRun();
  redraw('words', 'runs');
}

/** Trains these methods one after another with the settings as they are. */
function compare(methods: string[], steps: string): void {
  queue = { methods, steps, at: -1 };
  next();
}

/** The next run of a comparison, if one goes on. */
function next(): void {
  if (!queue || !values) return;
  queue.at += 1;
  const method = queue.methods[queue.at];
  if (method === undefined) {
    queue = null;
    parts.words.drawn_at = 0;
    return redraw('words', 'runs');
  }
  ticket += 1;
  const asked = { ...values, method, steps: queue.steps };
  tickets.push({ ticket, name: 'method', values: asked, queued: true });
  ask({ kind: 'link', ticket, values: asked });
}

/** Ends a comparison where it is; what was trained stays. */
function endQueue(): void {
  queue = null;
  waits = false;
  ask({ kind: 'pause' });
  drawRun();
  redraw('words', 'runs');
}

let addressing = 0;
function writeAddress(): void {
  clearTimeout(addressing);
  addressing = window.setTimeout(() => history.replaceState(null, '', `?${query}${location.hash}`), ADDRESS_MS);
}

/** A control was moved. The engine checks the whole before anything is taken over. */
function change(name: string, value: string): void {
  if (!values) return;
  const base = tickets.at(-1)?.values ?? values;
  if (base[name] === value) return;
  ticket += 1;
  const asked = { ...base, ...suggestions.along(base, name, value), [name]: value };
  tickets.push({ ticket, name, values: asked });
  ask({ kind: 'link', ticket, values: asked });
}

function takeOver(link: Report & { kind: 'linked' }): void {
  const accepted = tickets.find((waiting) => waiting.ticket === link.ticket);
  tickets = tickets.filter((waiting) => waiting.ticket > link.ticket);
  if (!accepted || !values) return;
  const changed = Object.entries(accepted.values).filter(([name, value]) => values?.[name] !== value);
  values = accepted.values;
  query = link.query || WRITTEN_DEFAULT;
  writeAddress();
  settings.refuse(null);
  wanted = link.plan;
  settings.sayPlan(wanted);
  const along = changed.filter(([name]) => name !== accepted.name);
  if (along.length > 0 && !accepted.queued) settings.tell(along);
  for (const [name, value] of changed) {
    if (!live.has(name) || !running || !['loading', 'training', 'paused'].includes(state)) continue;
    ask({ kind: 'change', name, value });
    replaced[name] ??= running[name] ?? '';
    running = { ...running, [name]: value };
  }
  if (accepted.queued && queue) open(true, true);
  else followControls();
  showValues();
}

/** Before the first step there is no run to spoil: the network follows the controls. */
function followControls(): void {
  const asked = Object.entries(values ?? {}).some(([name, value]) => opening?.[name] !== value);
  if (asked && body.dataset['failure'] !== 'webgpu' && (state === 'idle' || state === 'held' || state === 'error' || (state === 'loading' && (snapshot?.step ?? 0) === 0))) {
    clearTimeout(reopening);
    reopening = window.setTimeout(() => open(waits || state === 'training'), REOPEN_MS);
  }
}

function tryOut(link: string): void {
  ask({ kind: 'read', query: link });
}

function showValues(): void {
  if (!values) return;
  settings.show(values, running);
  if (wanted) settings.sayBudget(wanted.units, values);
  drawRun();
}

// The worker's reports.

let live = new Set<string>();

function hear(report: Report): void {
  if ('run' in report && report.run !== run && report.run !== 0) return;
  switch (report.kind) {
    case 'knobs':
      knobs = report.knobs;
      live = new Set(report.knobs.filter((knob) => knob.live).map((knob) => knob.name));
      settings.build(report.knobs);
      void loadCurves();
      return;
    case 'values':
      values = report.values;
      query = report.query;
      tickets = [];
      writeAddress();
      settings.refuse(report.refused === null ? null : `The link could not be read: ${report.refused}`);
      showValues();
      open(waits);
      if (report.refused !== null) notice.show('link', report.refused);
      return;
    case 'linked':
      return takeOver(report);
    case 'refused': {
      const refused = tickets.find((waiting) => waiting.ticket === report.ticket);
      tickets = tickets.filter((waiting) => waiting.ticket > report.ticket);
      settings.refuse(report.message, refused?.name);
      if (refused?.queued) queue = null;
      if (values && refused) settings.show(values, running);
      return;
    }
    case 'unchanged':
      running = { ...running, [report.name]: replaced[report.name] ?? '' };
      showValues();
      return;
    case 'progress':
      progress = report;
      drawProgress();
      redraw('words');
      return;
    case 'planned':
      return prepare(report.plan);
    case 'opened':
      return begin(report.description);
    case 'state':
      // Train was pressed while it was being found out that somebody must press it.
      if (report.state === 'held' && waits) return open(true, queue !== null);
      state = report.state;
      if (state !== 'loading') waits = false;
      if (state === 'training') notice.clear();
      arrivals = [];
      drawRun();
      drawProgress();
      parts.words.drawn_at = 0;
      redraw('words', 'network', 'timeline', 'curves', 'runs');
      if (current?.number === run) current.state = state;
      if (state === 'training') labView?.moved();
      if (state === 'finished' || state === 'halted') next();
      return;
    case 'snapshot':
      return take(report.snapshot);
    case 'evaluated': {
      evaluation = report.evaluation;
      // The whole test set at the end is another yardstick than the sample before: it is told, not joined to the curve.
      if (!report.whole || traces.evaluations.length === 0) traces.evaluate(evaluation);
      if (current && report.whole) current.evaluation = evaluation;
      text('accuracy-lead', evaluation.images < (description?.dataset.test ?? 0) ? `Test accuracy (${count(evaluation.images)})` : 'Test accuracy');
      const accuracy = at('accuracy');
      const rest = document.createElement('small');
      rest.textContent = ` · ${percent(evaluation.sampled)} sampled`;
      accuracy.replaceChildren(percent(evaluation.decided), rest);
      accuracy.title = `On ${count(evaluation.images)} test images: under the decided mask (s ≥ ½), and under one sampled mask.`;
      accuracy.dataset['images'] = String(evaluation.images);
      redraw('curves', 'words', 'runs');
      return;
    }
    case 'speed':
      speed = report.speed;
      drawSpeed();
      return;
    case 'costly':
      speedView.defer(report.ms, report.bytes);
      return;
    case 'filters':
      network.showFilters(report.weights);
      return;
    case 'lab':
      lab = { progress: report.progress, report: report.report ?? (lab?.progress.step === report.progress.step ? lab.report : null) };
      labView?.draw(lab.progress, lab.report);
      return;
    case 'lab_refused':
      labView?.refuse(report.message);
      return;
    case 'busy':
      busy = report.task && { task: report.task, at: performance.now(), ms: report.ms };
      redraw('words');
      return;
    case 'failed':
      state = 'error';
      failure = report.failure;
      waits = false;
      queue = null;
      if (current?.number === run) current.state = state;
      body.dataset['failure'] = report.failure;
      notice.show(report.failure, report.message);
      if (report.failure === 'webgpu') illustrate();
      drawRun();
      drawProgress();
      redraw('words', 'runs');
      return;
  }
}

/** The network that is about to be opened: what it is can be seen, and what it takes can be read, before anything is taken. */
function prepare(planned: Plan): void {
  plan = planned;
  description = snapshot = evaluation = speed = looking = null;
  delete body.dataset['failure'];
  network.describe(planned);
  const uses_sums = planned.groups.some((group) => group.union_of !== null);
  for (const [name, shown] of Object.entries({ channels: planned.filters !== null, sums: uses_sums, told: false })) {
    const item = document.querySelector<HTMLElement>(`.key .${name}`);
    if (item) item.hidden = !shown;
  }
  wanted = planned;
  settings.sayPlan(planned);
  showValues();
  redraw('words');
}

function begin(opened: Description): void {
  description = plan = opened;
  running = opening;
  replaced = {};
  snapshot = null;
  evaluation = speed = looking = null;
  arrivals = [];
  const steps = plannedSteps();
  timeline = new Timeline(opened.units, steps);
  traces = new Traces();
  current = {
    number: run, slot: 0, values: opening ?? {}, replaced: {}, description: opened, traces, evaluation: null, cost: { forward: 0, backward: 0, structure: 0, near_dense: 0 }, state,
  };
  lab = null;
  labView?.opened();
  phases.describe(running ?? {});
  document.querySelectorAll<HTMLElement>('.two').forEach((words) => (words.hidden = running?.['method'] !== 'vrpge'));
  delete body.dataset['failure'];
  const chip = at('adapter');
  chip.hidden = false;
  chip.textContent = `${opened.adapter} · WebGPU`;
  chip.title = opened.software ? 'An adapter in software: it works, slowly.' : 'The adapter that trains';
  network.describe(opened);
  timelineView.describe(timeline, opened.groups, steps, settles());
  curves?.describe(traces, steps);
  speedView.describe(opened, running?.['method'] ?? '');
  for (const id of ['loss', 'accuracy', 'rate', 'epoch', 'left', 'memory']) text(id, '–');
  at('memory').dataset['bytes'] = '';
  text('accuracy-lead', 'Test accuracy');
  const told = document.querySelector<HTMLElement>('.key .told');
  if (told) told.hidden = opened.informative === null;
  followControls();
  showValues();
}

function take(next: Snapshot): void {
  // A snapshot without steps, after a pause, must not wipe the last step's numbers.
  if (next.records.length === 0 && snapshot) next.records = snapshot.records.slice(-1);
  else traces.push(next.records);
  // Before the first step no mask is drawn yet: what is shown is the one that the scores would decide on.
  if (next.step === 0) next.mask = Uint8Array.from(next.scores, (score) => (score >= 0.5 ? KEPT | PROBE_KEPT : 0));
  if (next.records.length > 0) stepped_at = performance.now();
  else if (snapshot) next.step_ms = snapshot.step_ms;
  snapshot = next;
  timeline.push(next);
  const now = performance.now();
  arrivals.push({ at: now, step: next.step });
  while (arrivals.length > 2 && now - (arrivals[0]?.at ?? now) > RATE_WINDOW_MS) arrivals.shift();
  body.dataset['step'] = String(next.step);
  if (next.halted !== null) state = 'halted';
  if (current && running) {
    Object.assign(current, { values: running, replaced, cost: next.cost });
    // A curve has two points.
    if (next.step > 1) runs.admit(current);
  }
  if (looking === null) redraw('network');
  redraw('timeline', 'curves', 'words', 'runs');
}

function drawSpeed(): void {
  if (!speed || !description || !running) return;
  const share = snapshot ? gatedKept(snapshot.kept) / Math.max(1, description.units) : 1;
  speedView.draw(speed, running['method'] ?? '', share, description);
}

/** Without WebGPU: a calm picture of what the page shows where there is one. */
function illustrate(): void {
  network.describe({ groups: ILLUSTRATED_GROUPS, filters: null });
  network.draw(illustration());
}

// What stands in the middle: the network, the runs, the estimators. The last two come when they are first looked at.

let runsView: RunsView | null = null;
let labView: LabView | null = null;

async function show(name: string): Promise<void> {
  body.dataset['view'] = name;
  for (const button of document.querySelectorAll<HTMLButtonElement>('.views button')) button.ariaPressed = String(button.value === name);
  if (name === 'runs' && !runsView) {
    const { RunsView } = await import('./views/runs');
    runsView ??= new RunsView(at('runs'), () => knobs, { compare, stop: endQueue, forget: (is) => (runs.forget(is), redraw('runs')) });
  }
  if (name === 'estimators' && !labView) {
    const { LabView } = await import('./views/lab');
    labView ??= new LabView(at('estimators'), (pairs) => {
      if (!description || state === 'error') return labView?.refuse('no network is open: press Train first.');
      waits = false;
      ask({ kind: 'draw', pairs });
    });
    if (lab) labView.draw(lab.progress, lab.report);
  }
  redraw('runs', 'network', 'timeline');
}

for (const button of document.querySelectorAll<HTMLButtonElement>('.views button')) {
  button.addEventListener('click', () => void show(button.value));
}

// Controls outside the table of knobs.

trainButton.addEventListener('click', toggle);
stepButton.addEventListener('click', step);
restartButton.addEventListener('click', restart);
at('compare').addEventListener('click', () => {
  speedView.measuring();
  ask({ kind: 'measure' });
});
// Words about what lasts change while nothing else does.
setInterval(() => {
  if (busy !== null || state === 'training') redraw('words');
}, TICK_MS);
for (const input of document.querySelectorAll<HTMLInputElement>('.pace input')) {
  input.addEventListener('change', () => ask({ kind: 'pace', steps_per_second: Number(input.value) }));
  // A browser that restores form fields on a reload would show a pace that the worker does not keep.
  input.checked = input.value === '0';
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const target = event.target instanceof HTMLElement ? event.target : body;
  const types = target instanceof HTMLInputElement && target.type === 'text';
  const handles = target.closest('button, a, input, select, summary, [role="slider"]') !== null;
  if (event.key === ' ' && !handles) toggle();
  else if (event.key === 'ArrowRight' && (!handles || target instanceof HTMLButtonElement)) step();
  else if (event.key === 'r' && !types && !(target instanceof HTMLSelectElement)) restart();
  else return;
  event.preventDefault();
});

const shareButton = at<HTMLButtonElement>('share');
shareButton.addEventListener('click', () => {
  const address = new URL(`?${query}`, location.href);
  const said = (words: string): void => {
    shareButton.textContent = words;
    setTimeout(() => (shareButton.textContent = 'Copy link'), 1600);
  };
  // Without a clipboard (no https) the address bar holds the same link.
  navigator.clipboard?.writeText(address.href).then(
    () => said('Copied'),
    () => said('See the address bar'),
  ) ?? said('See the address bar');
});

const THEME = 'lacuna-theme';
/** A browser that keeps nothing for this page throws; the theme then lasts as long as the page. */
function remembered(): string | null {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null;
  }
}
function remember(theme: string | null): void {
  try {
    if (theme === null) localStorage.removeItem(THEME);
    else localStorage.setItem(THEME, theme);
  } catch {
    document.documentElement.dataset['theme'] = theme ?? '';
  }
}
const system_dark = matchMedia('(prefers-color-scheme: dark)');
function recolour(): void {
  palette = readPalette();
  for (const view of [network, timelineView, curves, settings]) view?.recolour(palette);
  runsView?.recolour();
  labView?.recolour();
}
function applyTheme(): void {
  const asked = /theme=(light|dark)/.exec(location.hash)?.[1];
  const theme = asked ?? remembered();
  if (theme) document.documentElement.dataset['theme'] = theme;
  else delete document.documentElement.dataset['theme'];
  recolour();
}
at('theme').addEventListener('click', () => {
  const now = document.documentElement.dataset['theme'] ?? (system_dark.matches ? 'dark' : 'light');
  const next = now === 'dark' ? 'light' : 'dark';
  if (location.hash.includes('theme=')) history.replaceState(null, '', location.pathname + location.search);
  // What the system prefers need not be remembered, and then follows the system again.
  remember((next === 'dark') === system_dark.matches ? null : next);
  applyTheme();
});
system_dark.addEventListener('change', applyTheme);
addEventListener('hashchange', applyTheme);
// A canvas that lived on a lost GPU comes back empty. The event does not bubble, hence the capture.
addEventListener('contextrestored', recolour, true);
applyTheme();

worker.addEventListener('message', ({ data }: MessageEvent<Report>) => hear(data));
worker.addEventListener('error', (event) => {
  event.preventDefault();
  hear({ kind: 'failed', run: 0, failure: 'engine', message: event.message || 'The engine’s file could not be loaded.' });
});
ask({ kind: 'start', query: location.search.slice(1), fallback: FIRST_VISIT, data: new URL('data/', document.baseURI).href });
