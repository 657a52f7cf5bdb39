// The page: holds what is known of the run, hands it to the views, and passes the visitor's wishes to the worker.

import { Controls } from '../model/controls';
import { Rate, differing, gatedKept, planted, plannedSteps, settles, undecided } from '../model/run-stats';
import { Frames } from '../ui/frames';
import type { Keeper, Past } from '../features/checkpoints/checkpoints';
import { methodOf } from '../model/methods';
import { Panels } from './panels';
import { readPins, withPin } from '../model/pins';
import {
  type Description,
  type Evaluation,
  type Failure,
  KEPT,
  type LabProgress,
  type LabReport,
  type OwnData,
  type Plan,
  PROBE_KEPT,
  type Report,
  type Request,
  type RunState,
  type Snapshot,
  type Speed,
  type Task,
  type Values,
  type Walked,
} from '../protocol/messages';
import type { Queue } from '../model/comparison';
import { RemoteEngine } from '../engine/client';
import { type Run, Runs } from '../model/runs';
import type { News, Stage } from '../model/page-api';
import { followTheme } from '../ui/theme';
import { type Moment, Timeline, quantised } from '../model/history';
import { Traces } from '../model/curves';
import { ButtonsView } from '../features/train/view';
import type { CurvesView } from '../features/curves/view';
import { at, say } from '../ui/element';
import { foot } from '../ui/toast';
import { MeterView } from '../features/budget/view';
import { NetworkView } from '../features/network/view';
import { NoticeView } from '../features/error/view';
import { readPalette } from '../ui/palette';
import type { PickedUnit } from '../ui/picked-unit';
import { PhasesView } from '../features/phases/view';
import type { PinInput, PinView } from '../features/pins/view';
import { drawProgress } from '../ui/progress';
import { ReadingsView } from '../features/readings/view';
import { SettingsView } from '../features/settings/view';
import { SpeedView } from '../features/speed/view';
import { StatusView } from '../features/status/view';
import { TimelineView } from '../features/history/view';
import type { WalkView } from '../features/step-through/view';
import { sentence } from '../ui/words';

/**
 * What a first visit, without a query, opens: with inputs gated, so that the mask can be seen to prefer the pixels where digits are. On the CPU
 * a step is of half as many images, so that it can be watched too.
 */
const FIRST_VISIT = { gpu: 'gate_inputs=true', cpu: 'gate_inputs=true&batch_size=64' };
const REOPEN_MS = 350;
/** While the device is busy for long, how long is told every so often. */
const TICK_MS = 1000;

const { body } = document;
const still = matchMedia('(prefers-reduced-motion: reduce)');

let palette = readPalette();
const network = new NetworkView(at('network'), at('cell'), palette, (picked) => void openPin(picked));
const timelineView = new TimelineView(at('history'), palette, look);
const phases = new PhasesView(at('phases'));
const buttons = new ButtonsView({ train: toggle, step, phase, restart }, () => looking !== null && (timelineView.now(), true));
const statusView = new StatusView(at('say'), at('live'));
const settings = new SettingsView(at('settings'), palette, change, tryOut);
const notice = new NoticeView(at('network'), again, () => void show('own'));
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
const readings = new ReadingsView({
  loss: at('loss'),
  accuracy_lead: at('accuracy-lead'),
  accuracy: at('accuracy'),
  rate: at('rate'),
  epoch: at('epoch'),
  left: at('left'),
  memory: at('memory'),
});
const meter = new MeterView({ root: at('meter'), fill: at('meter-fill'), tick: at('meter-tick'), sum: at('meter-sum'), budget: at('meter-budget') });

// What is known.
let state: RunState = 'loading';
/** What the run goes on with. */
let running: Values | null = null;
/** Live settings changed in this run, by what they were: a run may refuse a change. */
let replaced: Values = {};
let run = 0;
/** What is being opened, or is open. */
let plan: Plan | null = null;
let description: Description | null = null;
let failure: Failure | null = null;
let snapshot: Snapshot | null = null;
let timeline = new Timeline(0, 0);
let traces = new Traces();
let evaluation: Evaluation | null = null;
let speed: Speed | null = null;
let progress: { stage: string; done: number; of: number; at: number } | null = null;
let busy: { task: Task; at: number; ms: number | null } | null = null;
/** When the last step was done. */
let stepped_at = 0;
let looking: number | null = null;
/** The last part of a step that is taken phase by phase. */
let walked: Walked | null = null;
/** All runs of this visit, and the one that goes on. */
const runs = new Runs();
let current: Run | null = null;
/** A comparison that goes on. */
let queue: Queue | null = null;
let lab: { progress: LabProgress; report: LabReport | null } | null = null;
const rate = new Rate();

const data_folder = new URL('data/', document.baseURI).href;
const engine = new RemoteEngine({ hear: receive, isOpen: () => description !== null, begin: beginAnew });
const ask = (request: Request): void => engine.ask(request);
const controls = new Controls(ask);

/** The engine before this one broke. */
function beginAnew(): void {
  panels.own?.lost();
  start();
  ask({ kind: 'pace', steps_per_second: Number(document.querySelector<HTMLInputElement>('.pace :checked')?.value) });
}

/** Loads the engine; where nothing is known yet it also says what the page's link stands for. */
function start(): void {
  ask(controls.values ? { kind: 'wake', data: data_folder } : { kind: 'start', query: location.search.slice(1), fallback: FIRST_VISIT, data: data_folder });
}

/** After something broke that nobody survived. */
function again(): void {
  if (controls.values) return open(true);
  notice.clear();
  waits = true;
  engine.renew();
}

/** What outlives a device, an engine, a reload; it comes beside the first step and is then told what was said before. */
let keeper: Keeper | null = null;
let early: Report[] | null = [];
async function loadKeeper(): Promise<void> {
  const { Keeper } = await import('../features/checkpoints/checkpoints');
  keeper = new Keeper({
    ask,
    run: () => ({ state, failure, description, snapshot, timeline, evaluation, values: running, replaced, palette, past: began_from }),
    resume: (past, train, survived = false) => open(train, survived && queue !== null, past),
    replay,
    leave: () => open(false),
    renew: () => engine.renew(),
    back: () => void show('network'),
    look: (column) => timelineView.lookAt(column),
    looking: () => looking,
    drawRun,
    button: at<HTMLButtonElement>('take-away'),
    before: at('network'),
  });
  early?.forEach((report) => keeper?.hear(report));
  early = null;
}
loadKeeper().catch(() => (early = null));

/** Charts, and what moves the budget's goal, come beside the first step, which does not wait for them. */
let curves: CurvesView | null = null;
async function loadCurves(): Promise<void> {
  const [{ CurvesView }, { GoalView }] = await Promise.all([import('../features/curves/view'), import('../features/budget/goal')]);
  meter.goal = new GoalView(at('meter-goal'), (keep_ratio) => {
    timelineView.now();
    change('keep_ratio', String(keep_ratio));
  });
  curves = new CurvesView(at('loss-chart'), at('accuracy-chart'), palette);
  curves.describe(traces, planned());
  redraw('words');
}

/** A built page is kept for days without a network; a page in development is not. */
async function loadOffline(): Promise<void> {
  if (import.meta.env.DEV) return;
  const { keepOffline } = await import('../offline/register');
  await keepOffline((takeOver) => foot('A newer version of this page is ready.', 'Reload', takeOver));
}

/** A part of the page that comes when it is first wanted; where it does not come, a line says so. */
async function arrived<Part>(part: Promise<Part>): Promise<Part | null> {
  return part.catch((error: unknown) => {
    foot(`This part of the page could not be loaded: ${sentence(error instanceof Error ? error.message : String(error))} Ask for it once more.`);
    return null;
  });
}

/** The runs of before a reload are there again, and those of now will be. */
let store: ((runs: Run[]) => string | null) | null = null;
async function loadStored(): Promise<void> {
  const { storeRuns, storedRuns } = await import('../offline/tab-storage');
  runs.restore(storedRuns());
  store = storeRuns;
  redraw('runs');
}
function storeRuns(): void {
  if (!store) return;
  runs.unkept = store(runs.list);
  redraw('runs');
}
addEventListener('pagehide', storeRuns);

const frames = new Frames({
  network: { every_ms: () => (still.matches ? 600 : 60), draw: drawNetwork },
  timeline: { every_ms: () => 60, draw: () => timelineView.draw() },
  curves: { every_ms: () => 180, draw: () => curves?.draw() },
  words: { every_ms: () => 220, draw: drawWords },
  runs: { every_ms: () => 300, draw: drawRuns },
});
const redraw: typeof frames.redraw = (...names) => frames.redraw(...names);
const redrawNow: typeof frames.redrawNow = (...names) => frames.redrawNow(...names);

/** Steps of the run. */
const planned = (): number => (description ? plannedSteps(description, running) : 0);
const settlesAt = (): number | null => running && settles(running, planned());

/** The moment that is looked back at. */
const past = (): Moment | null => (looking === null ? null : timeline.at(looking));

/** Kept units among those that are gated. */
const keptUnits = (of: Moment | Snapshot | null): number => (description && of ? gatedKept(description.groups, of.kept) : 0);

function drawNetwork(): void {
  const moment = past();
  const pins = readPins((moment?.values ?? running)?.['pins']);
  network.pin((unit) => pins.has(unit));
  at('pinned-key').hidden = pins.size === 0;
  if (moment) network.draw(moment, null, true);
  else if (walked)
    network.draw({ scores: quantised(walked.snapshot.scores), mask: walked.snapshot.mask, kept: walked.snapshot.kept }, walkView?.bars(walked) ?? null);
  else if (snapshot) network.draw({ scores: quantised(snapshot.scores), mask: snapshot.mask, kept: snapshot.kept });
}

function drawRuns(): void {
  if (panels.shown === 'runs') panels.runs?.draw(runs, current, queue);
}

const text = (id: string, words: string): void => say(at(id), words);

function drawWords(): void {
  const moment = past();
  const kept = keptUnits(moment ?? snapshot);
  const step = snapshot?.step ?? 0;
  const steps = snapshot?.steps ?? planned();
  const mask = (moment ?? snapshot)?.mask;
  const now = performance.now();
  statusView.draw({
    state,
    failure,
    plan,
    description,
    values: moment?.values ?? running,
    step,
    steps,
    kept,
    undecided: moment ? undecided(moment.scores, 255) : undecided(snapshot?.scores ?? [], 1),
    settles: settlesAt(),
    halted: snapshot?.halted ?? null,
    evaluation,
    progress: progress && { ...progress, since_ms: now - progress.at },
    busy: busy && { task: busy.task, since_ms: now - busy.at, ms: busy.ms },
    step_ms: snapshot?.step_ms ?? 0,
    since_ms: now - stepped_at,
    planted: description && mask ? planted(description, mask) : null,
    queued: queue && { ...queue.now, method: controls.labelOf(queue.now.contender) },
    looking: moment?.step ?? null,
    walking: walked && !moment ? (walkView?.sentence() ?? null) : null,
  });
  const asked = looking === null ? controls.wished : (moment?.values ?? running);
  meter.draw(description?.units ?? 0, moment ?? walked?.snapshot ?? snapshot, moment?.values ?? running, asked);
  readings.drawPace(
    { state, step, steps, epoch: moment?.epoch ?? snapshot?.epoch ?? 0, rate: rate.steps_per_second },
    snapshot && (description?.steps_per_epoch ?? null),
  );
  // What is replayed stands nowhere.
  if (description && snapshot && state !== 'replay') readings.drawMemory(description, snapshot);
  readings.drawAccuracy(
    moment ? traces.testedBy(moment.step) : evaluation,
    description?.dataset.test ?? 0,
    moment !== null,
    methodOf(running).family === 'learned',
  );
  drawStep(moment);
  network.name();
}

/** The numbers of the last step, now or by the moment that is looked back at. */
function drawStep(moment: Moment | null): void {
  const walking = moment ? null : walked;
  const present = walking?.snapshot ?? snapshot;
  const record = moment ? moment.record : present?.records.at(-1);
  const [shown, values] = [moment ?? present, moment?.values ?? running];
  if (!shown || !description || !values) return;
  if (!record) {
    phases.describe(values);
    return readings.drawLoss(null);
  }
  const { kept, mask } = shown;
  phases.draw({ record, values, description, kept, differ: differing(mask) }, walking);
  readings.drawLoss(walking?.left.includes('losses') ? null : record);
}

/** The state, and with it its words: who sees the one finds the other. */
function drawRun(): void {
  drawWords();
  body.dataset['state'] = state;
  body.dataset['step'] = String(snapshot?.step ?? 0);
  buttons.draw({
    state,
    trains: state === 'replay' ? (keeper?.isPlaying ?? false) : state === 'training' || waits,
    is_fresh: running !== null && controls.differ(running),
    is_open: description !== null,
  });
}

function look(column: number | null): void {
  looking = column;
  const moment = past();
  if (moment) body.dataset['looking'] = String(moment.step);
  else delete body.dataset['looking'];
  at('now').hidden = moment === null;
  curves?.mark(moment && { step: moment.step });
  at('walk').hidden = walked === null || moment !== null;
  redrawNow('network', 'words');
  tell({ kind: 'looked', step: column === null ? null : (timeline.at(column)?.step ?? null) });
}

// The visitor's wishes.

/** Train was pressed and the run has not begun yet. */
let waits = false;

function toggle(): void {
  if (state === 'replay') return keeper?.toggle();
  // Settings that were just changed are the ones that train, not those of the run that they are about to replace.
  if (state === 'held' || state === 'finished' || state === 'halted' || reopening !== 0) return open(true);
  const wants = state === 'training' || waits;
  waits = !wants && state !== 'training';
  if (!wants) timelineView.now();
  ask({ kind: wants ? 'pause' : 'train' });
  drawRun();
}

function step(): void {
  waits = false;
  if (state === 'replay') return keeper?.step();
  timelineView.now();
  ask({ kind: 'step' });
  if (!walked) phases.sweep();
}

/** The next phase of a step. */
function phase(): void {
  waits = false;
  timelineView.now();
  ask({ kind: 'phase' });
}

let walkView: WalkView | null = null;

async function walk(next: Walked): Promise<void> {
  const [number, before] = [run, snapshot];
  const late = await arrived(import('../features/step-through/view'));
  if (!late) return;
  walkView ??= new late.WalkView(
    at('walk'),
    phases,
    () => palette,
    () => buttons.press('phase'),
    () => {
      if (walked && walked.left.length > 0) buttons.press('step');
      else leaveWalk();
      // The button goes with the view.
      buttons.focus('phase');
    },
  );
  if (!description || !running || number !== run) return;
  // While the view was on its way, the step may have been finished, or another one made.
  if (snapshot !== before && (next.left.length > 0 || next.snapshot.step !== snapshot?.step)) return;
  walked = next;
  body.dataset['walking'] = next.stage;
  at('walk').hidden = looking !== null;
  drawWords();
  phases.light(next);
  walkView.show(next, description, running);
  const { loss, probe_loss } = next.snapshot.records.at(-1) ?? {};
  const known = loss !== undefined && !next.left.includes('losses');
  curves?.mark(known ? { step: next.snapshot.step, losses: [loss, Number.isFinite(probe_loss) ? (probe_loss ?? null) : null] } : null);
  const [following] = next.left;
  text('phase-next', following ? `next: ${phases.title(following)}` : 'of the next step');
  redrawNow('network', 'words');
}

/** The step is done, or the run is another one. */
function leaveWalk(): void {
  if (!walked) return;
  walked = null;
  delete body.dataset['walking'];
  at('walk').hidden = true;
  phases.light(null);
  curves?.mark(null);
  text('phase-next', 'of a step');
  redraw('network', 'words');
}

/** A new run; it trains at once if the one before did, or had. */
function restart(): void {
  open(state !== 'idle' && state !== 'held' && state !== 'paused' && !(state === 'loading' && !waits));
}

let reopening = 0;
/** What the run being opened was asked for: the controls may have moved on by the time it is there. */
let opening: Values | null = null;
/** What a run that goes on brings along, and what the one that is open brought. */
let brought: Past | null = null;
let began_from: Past | null = null;
/** It waits for the visitor's own data, which an engine and a page that are new do not have. */
let lacks_own: { past: Past | null; train: boolean } | null = null;
function open(train: boolean, queued = false, kept: Past | null = null): void {
  clearTimeout(reopening);
  reopening = 0;
  if (!queued) queue = null;
  lacks_own = began_from = null;
  brought = kept;
  opening = kept?.values ?? controls.values;
  if (kept?.follows) controls.follow(kept.values, kept.query_now);
  notice.clear();
  run += 1;
  waits = train;
  progress = busy = failure = null;
  forget();
  state = 'loading';
  ask({
    kind: 'open',
    run,
    query: kept?.query ?? controls.query,
    train,
    ...(kept?.resumed && { resumed: kept.resumed }),
    ...(kept?.shown && { shown: kept.shown }),
  });
  drawRun();
  redraw('runs');
}

/** The run that was open is no more: nothing is asked of it, and nothing of it is kept for another. */
function forget(): void {
  timelineView.now();
  leaveWalk();
  description = snapshot = evaluation = speed = running = null;
  replaced = {};
}

/** A recorded run, looked at without an engine. */
function replay(kept: Past, recorded: Description, last: Snapshot): void {
  clearTimeout(reopening);
  queue = null;
  waits = false;
  run += 1;
  ask({ kind: 'close' });
  notice.clear();
  controls.follow(kept.values, kept.query_now);
  opening = kept.values;
  progress = busy = null;
  const { evaluation: tested } = kept;
  prepare(recorded);
  network.showFilters(null);
  brought = kept;
  state = 'replay';
  begin(recorded);
  current = null;
  snapshot = { ...last, records: [] };
  take({ ...last, records: [] });
  snapshot.records = last.records;
  failure = null;
  if (tested) showAccuracy(tested);
  text('ratio-words', 'is measured on your own device, where a network trains on it');
  text('speed-note', '');
  text('adapter', 'a recorded run');
  void show('network');
  drawRun();
  drawProgress(progress);
  redraw('network', 'timeline', 'curves', 'runs');
}

/** Trains contenders one after another with the settings as they are. */
function compare(begun: (values: Values) => Queue): void {
  const { unlent } = controls;
  if (!unlent) return;
  queue = begun(unlent);
  next();
}

/** The next run of a comparison, if one goes on. */
function next(): void {
  if (!queue) return;
  if (state === 'finished' && description && snapshot) queue.end(description, snapshot.scores);
  const following = queue.next(controls);
  if (following === null) {
    queue = null;
    redraw('runs');
    redrawNow('words');
  } else if ('refused' in following) {
    foot(following.refused);
    endQueue();
  } else {
    controls.wish('method', following.values, queue.base);
  }
}

/** Ends a comparison where it is; what was trained stays. */
function endQueue(): void {
  queue = null;
  waits = false;
  ask({ kind: 'pause' });
  drawRun();
  redraw('runs');
}

/** A control was moved. The engine checks the whole before anything is taken over. */
function change(name: string, value: string): void {
  const { wished } = controls;
  if (!wished) return;
  if (name === 'dataset' && value === 'own') {
    void show('own');
    // Before the files are given the controls stay with what they have.
    if (!controls.suggestions.own) return showValues();
  }
  // Somebody took a refused value back.
  if (wished[name] === value) return settings.refuse(null);
  controls.wish(name, { ...wished, ...controls.suggestions.along(wished, name, value), [name]: value });
}

function takeOver(link: Report & { kind: 'linked' }): void {
  const agreed = controls.agree(link);
  if (!agreed) return;
  const { changed, compared } = agreed;
  settings.refuse(null);
  settings.sayPlan(link.plan);
  const along = changed.filter(([name]) => name !== agreed.name);
  if (along.length > 0 && !compared) settings.tell(along);
  if (compared && queue) {
    open(true, true);
  } else {
    for (const [name, value] of changed) {
      if (controls.knob(name)?.live && ['loading', 'training', 'paused'].includes(state)) adjust(name, value);
    }
    followControls();
  }
  showValues();
}

/** The run goes on with another value of a live setting. */
function adjust(name: string, value: string): void {
  // One that is being opened to go on has it at once.
  if (brought) return void brought.late.push([name, value]);
  if (!running) return;
  ask({ kind: 'change', name, value });
  replaced[name] ??= running[name] ?? '';
  running = { ...running, [name]: value };
}

/** Before the first step there is no run to spoil: the network follows the controls. */
function followControls(): void {
  // One that goes on has its first step behind it.
  if (state === 'loading' && (brought ?? began_from)) return;
  if (controls.differ(opening) && (state === 'idle' || state === 'held' || state === 'error' || (state === 'loading' && (snapshot?.step ?? 0) === 0))) {
    clearTimeout(reopening);
    reopening = window.setTimeout(() => open(waits || state === 'training'), REOPEN_MS);
  }
}

function tryOut(link: string, name: string | null): void {
  if (name === null) ask({ kind: 'read', query: link });
  else void openClaim(name);
}

function showValues(): void {
  const { values, plan: meant } = controls;
  if (!values) return;
  settings.show(values, running);
  redraw('network');
  const { open_unit = null } = pinView ?? {};
  if (open_unit !== null) pinView?.draw(pinOf(open_unit));
  if (meant) settings.sayBudget(meant.units, values);
  drawRun();
}

// The worker's reports.

function hear(report: Report): void {
  if (report.kind === 'failed' && keeper?.survives(report.failure, report.message)) return;
  respond(report);
  if (keeper) keeper.hear(report);
  else early?.push(report);
}

function respond(report: Report): void {
  switch (report.kind) {
    case 'knobs':
      Object.assign(controls, { knobs: report.knobs, contenders: report.contenders });
      settings.build(report.knobs);
      redrawNow('runs');
      void loadCurves();
      void loadOffline();
      void loadStored();
      return;
    case 'values':
      // Before the page's own link is read, a kept run may be taken up or a file opened: then that is the experiment.
      if (report.asked === 'start' && controls.values) return;
      waits ||= playing === report.query;
      playing = null;
      controls.follow(report.values, report.query);
      settings.refuse(report.refused === null ? null : `The link could not be read: ${report.refused}`);
      showValues();
      open(waits);
      if (report.refused !== null) notice.show('link', report.refused);
      return;
    case 'linked':
      return takeOver(report);
    case 'refused': {
      // The keeper's own question.
      if (report.ticket < 0) return;
      const refused = controls.settle(report.ticket);
      settings.refuse(report.message, refused?.name);
      statusView.announce(report.message);
      if (refused?.compared) {
        foot(`The comparison ends here: ${report.message}`);
        endQueue();
      }
      if (refused) showValues();
      if (refused?.name === 'pins') pinView?.refuse(report.message);
      return;
    }
    case 'unchanged':
      running = { ...running, [report.name]: replaced[report.name] ?? '' };
      delete replaced[report.name];
      showValues();
      return;
    case 'progress':
      progress = { ...report, at: progress?.stage === report.stage ? progress.at : performance.now() };
      drawProgress(progress);
      redraw('words');
      return;
    case 'unkept':
      return foot(`The data could not be kept for days without a network: ${sentence(report.message)}`);
    case 'planned':
      return prepare(report.plan);
    case 'opened':
      return begin(report.description);
    case 'state':
      // Train was pressed while it was being found out that somebody must press it.
      if (report.state === 'held' && waits) return open(true, queue !== null);
      // It is to go on as soon as its data are there.
      if (report.state === 'loading') waits ||= state === 'training';
      state = report.state;
      if (state !== 'loading') waits = false;
      if (state !== 'loading' && progress && progress.done >= progress.of) progress = null;
      if (state === 'training') notice.clear();
      if (state !== 'loading' && state !== 'held') panels.own?.settle();
      rate.forget();
      drawRun();
      drawProgress(progress);
      redraw('timeline', 'curves', 'runs');
      redrawNow('network');
      if (current?.number === run) current.state = state;
      if (state === 'training') panels.lab?.moved();
      if (state !== 'training' && state !== 'loading') storeRuns();
      if (state === 'finished' || state === 'halted') next();
      return;
    case 'snapshot':
      return take(report.snapshot);
    case 'cost':
      pinView?.showCost(report.unit, report.cost, report.refused);
      return;
    case 'walked':
      return void walk(report.walked);
    case 'evaluated': {
      const tested = report.evaluation;
      // The whole test set at the end is another yardstick than the sample before: it is told, not joined to the curve.
      if (!report.whole || traces.evaluations.length === 0) traces.evaluate(tested);
      if (current && report.whole) current.evaluation = tested;
      return showAccuracy(tested);
    }
    case 'speed':
      speed = report.speed;
      if (current) current.speed = { ...speed, step: snapshot?.step ?? 0 };
      drawSpeed();
      redraw('runs');
      return;
    case 'costly':
      speedView.defer(report.ms, report.bytes);
      return;
    case 'filters':
      network.showFilters(report.weights);
      return;
    case 'lab':
      lab = { progress: report.progress, report: report.report ?? (lab?.progress.step === report.progress.step ? lab.report : null) };
      panels.lab?.draw(lab.progress, lab.report);
      return;
    case 'lab_refused':
      panels.lab?.refuse(report.message);
      statusView.announce(report.message);
      return;
    case 'owned':
      return takeOwn(report.own, report.given);
    case 'own_refused':
      return loseOwn(report.message);
    case 'example':
    case 'classified':
    case 'classify_refused':
      panels.tried?.hear(report);
      return;
    case 'busy':
      busy = report.task && { task: report.task, at: performance.now(), ms: report.ms };
      redraw('words');
      return;
    case 'failed':
      if (report.failure === 'own') {
        lacks_own = { past: brought, train: waits };
        // Files that were given once can be read once more.
        if (panels.own?.again(brought?.shown ?? null)) return;
        panels.own?.refuse(report.message);
      }
      engine.broken = ['lost', 'crashed', 'engine'].includes(report.failure);
      state = 'error';
      failure = report.failure;
      waits = false;
      queue = null;
      if (current?.number === run) current.state = state;
      body.dataset['failure'] = report.failure;
      notice.show(report.failure, report.message);
      settings.ready();
      drawRun();
      drawProgress(null);
      redraw('runs');
      return;
  }
}

/** What a test found. */
function showAccuracy(found: Evaluation): void {
  evaluation = found;
  redraw('curves', 'runs');
  redrawNow('words');
}

/** The network that is about to be opened: what it is can be seen, and what it takes can be read, before anything is taken. */
function prepare(coming: Plan): void {
  plan = coming;
  forget();
  delete body.dataset['failure'];
  network.describe(coming);
  body.dataset['known'] = '';
  const uses_sums = coming.groups.some((group) => group.union_of !== null);
  for (const [name, shown] of Object.entries({ channels: coming.filters !== null, sums: uses_sums, told: false })) {
    const item = document.querySelector<HTMLElement>(`.key .${name}`);
    if (item) item.hidden = !shown;
  }
  controls.plan = coming;
  settings.sayPlan(coming);
  showValues();
}

function begin(opened: Description): void {
  forget();
  description = plan = opened;
  running = opening;
  rate.forget();
  const steps = planned();
  timeline = brought?.timeline ?? new Timeline(opened.units, steps);
  traces = brought?.traces ?? new Traces();
  current = {
    number: run,
    slot: 0,
    values: opening ?? {},
    replaced: {},
    description: opened,
    traces,
    evaluation: null,
    cost: { forward: 0, backward: 0, structure: 0, near_dense: 0 },
    bytes: 0,
    speed: null,
    state,
  };
  lab = null;
  panels.lab?.opened();
  panels.tried?.opened(opened);
  phases.describe(running ?? {});
  document.querySelectorAll<HTMLElement>('.two').forEach((words) => (words.hidden = methodOf(running).forwards < 2));
  delete body.dataset['failure'];
  const chip = at('adapter');
  chip.hidden = false;
  chip.textContent = opened.computes === 'cpu' ? 'CPU · no WebGPU here' : `${opened.adapter} · WebGPU`;
  network.describe(opened);
  timelineView.describe(timeline, opened.groups, steps, settlesAt());
  curves?.describe(traces, steps);
  speedView.describe(opened, running?.['method'] ?? '');
  readings.clear();
  const told = document.querySelector<HTMLElement>('.key .told');
  if (told) told.hidden = opened.informative === null;
  if (brought?.evaluation) showAccuracy(brought.evaluation);
  [began_from, brought] = [brought, null];
  for (const [name, value] of began_from?.late ?? []) adjust(name, value);
  followControls();
  showValues();
}

function take(reported: Snapshot): void {
  const next = { ...reported };
  traces.push(next.records);
  // A snapshot without steps, after a pause, must not wipe the last step's numbers, nor must one of a run that goes on.
  if (next.records.length === 0) next.records = snapshot?.records.slice(-1) ?? (began_from?.record ? [began_from.record] : []);
  // Before the first step no mask is drawn yet: what is shown is the one that the scores would decide on.
  if (next.step === 0) next.mask = Uint8Array.from(next.scores, (score) => (score >= 0.5 ? KEPT | PROBE_KEPT : 0));
  if (next.records.length > 0) stepped_at = performance.now();
  else if (snapshot) next.step_ms = snapshot.step_ms;
  snapshot = next;
  timeline.push(next, running ?? {});
  rate.note(next.step, performance.now());
  body.dataset['step'] = String(next.step);
  // A step that was finished phase by phase stays in view until the next one; one that was finished at once does not.
  if (walked && (walked.left.length > 0 || walked.snapshot.step !== next.step)) leaveWalk();
  if (next.halted !== null) state = 'halted';
  if (current && running) {
    Object.assign(current, { values: running, replaced, cost: next.cost, bytes: next.network_bytes });
    // A curve has two points.
    if (next.step > 1) runs.admit(current);
  }
  if (looking === null) redraw('network');
  redraw('timeline', 'curves', 'words', 'runs');
}

function drawSpeed(): void {
  if (!speed || !description || !running) return;
  const share = snapshot ? keptUnits(snapshot) / Math.max(1, description.units) : 1;
  speedView.draw(speed, running['method'] ?? '', share, description);
}

// A unit that is clicked can be pinned; its menu comes when it is first wanted.

let pinView: PinView | null = null;

async function openPin(picked: PickedUnit): Promise<void> {
  if (!description || state === 'error') return;
  timelineView.now();
  const late = await arrived(import('../features/pins/view'));
  if (!late) return;
  pinView ??= new late.PinView((unit, pin) => change('pins', withPin(controls.wished?.['pins'], unit, pin)));
  pinView.open(picked, pinOf(picked.unit));
  const refused = recorded();
  if (refused) pinView.showCost(picked.unit, null, refused);
  else ask({ kind: 'cost', unit: picked.unit });
}

/** Why there is no network that could be asked for anything, where a recorded run is looked at. */
const recorded = (): string | null => (state === 'replay' ? (keeper?.recorded ?? null) : null);

function pinOf(unit: number): PinInput {
  const { values } = controls;
  const waits_for_next = state === 'finished' || state === 'halted';
  // Of a recorded run it is said above, where its worth would stand.
  const refused = recorded()
    ? ''
    : methodOf(values).family === 'learned'
      ? null
      : `${controls.labelOf(values?.['method'] ?? '')} has no scores that could be pinned: choose VR-PGE, REINFORCE or straight-through.`;
  return { pin: readPins(values?.['pins']).get(unit) ?? null, refused, waits: waits_for_next, batch_size: description?.batch_size ?? 0 };
}

/** The visitor's own data cannot be had. A run that waits for them is told of as one that never had them. */
function loseOwn(message: string): void {
  panels.own?.refuse(message);
  if (state === 'loading' && lacks_own) respond({ kind: 'failed', run, failure: 'own', message });
}

/** The visitor's own data were read: they become the data of the controls. A run that goes on keeps the data that it has. */
function takeOwn(own: OwnData, given: number): void {
  const lacked = lacks_own;
  // A run that goes on from a checkpoint has begun, though it may still be opening.
  const goes_on = brought !== null && state !== 'error';
  const begun = !lacked && (goes_on || state === 'training' || (snapshot?.step ?? 0) > 0);
  const is_new = panels.own?.taken(given, begun) ?? false;
  if (is_new) {
    controls.suggestions.own = own;
    settings.sayOwn(own);
  }
  // While they were read again, Train may have been pressed.
  const train = lacked && state === 'error' ? lacked.train : waits;
  if (lacked && (lacked.past || !is_new)) return open(train, queue !== null, lacked.past);
  const { values } = controls;
  if (!is_new || !values) return;
  if (values['dataset'] !== 'own') return change('dataset', 'own');
  // Other files under the same name: the link says the same, the run is another.
  controls.wish('dataset', { ...values, ...controls.suggestions.forOwn(values) });
  if (!begun) reopening = window.setTimeout(() => open(train || waits), REOPEN_MS);
}

// What stands in the middle: the network, or a panel.

const panels = new Panels({
  ask,
  run: () => ({ state, description, palette, lab }),
  knobs: () => controls.knobs,
  contenders: () => controls.contenders,
  compare: { compare, stop: endQueue, forget: (is) => (runs.forget(is), storeRuns()) },
  draw: (pairs) => {
    if (!description || state === 'error') return 'no network is open: press Train first.';
    if (state === 'replay') return `${recorded()}.`;
    waits = false;
    ask({ kind: 'draw', pairs });
    return null;
  },
  recorded,
  classes: (probabilities) => network.showClasses(probabilities),
  samples: () => methodOf(running).family === 'learned',
  loseOwn,
  openRun: (file) => void keeper?.openFile(file),
  shows: (name) => {
    redrawNow('runs', 'network', 'timeline');
    tell({ kind: 'viewed', name });
  },
});
const show = (name: string): Promise<void> => panels.show(name);

for (const button of document.querySelectorAll<HTMLButtonElement>('.views button')) {
  button.addEventListener('click', () => void show(button.value));
}

// Controls outside the table of knobs.

at('now').addEventListener('click', () => {
  timelineView.now();
  buttons.focus('train');
});
at('compare').addEventListener('click', () => {
  speedView.measuring();
  ask({ kind: 'measure' });
});
// Words about what lasts change while nothing else does.
setInterval(() => {
  if (busy !== null || progress !== null || state === 'training') redraw('words');
}, TICK_MS);
for (const input of document.querySelectorAll<HTMLInputElement>('.pace input')) {
  input.addEventListener('change', () => ask({ kind: 'pace', steps_per_second: Number(input.value) }));
  // A browser that restores form fields on a reload would show a pace that the worker does not keep.
  input.checked = input.value === '0';
}

// What stands beside the run and speaks of it. Each comes when it is first wanted.

const listeners = new Set<(news: News) => void>();
function tell(news: News): void {
  for (const listener of listeners) listener(news);
}
/** The link that shall train as soon as it is read. */
let playing: string | null = null;
const stage: Stage = {
  get knobs() {
    return controls.knobs;
  },
  get values() {
    return controls.values;
  },
  get query() {
    return controls.query;
  },
  get state() {
    return state;
  },
  get run() {
    return run;
  },
  get current() {
    return current;
  },
  get description() {
    return description;
  },
  get snapshot() {
    return snapshot;
  },
  play: (link) => ask({ kind: 'read', query: (playing = link) }),
  show,
  ask,
  listen: (listener) => (listeners.add(listener), () => void listeners.delete(listener)),
};
const openClaim = async (name: string): Promise<void> => (await arrived(import('../features/claims/view')))?.openClaim(stage, name);

at('tour').addEventListener('click', async () => (await arrived(import('../features/tour/view')))?.toggleTour(stage));
at('method').addEventListener('click', async () => (await arrived(import('../features/method/view')))?.toggleMethod(stage));
at('adapter').addEventListener(
  'click',
  async () => description && (await arrived(import('../features/adapter/view')))?.toggleComputes(description, state === 'replay', at('adapter')),
);
const share = at<HTMLButtonElement>('share');
const makeLesson = async (): Promise<void> => (await arrived(import('../features/lesson/view')))?.composeLesson(stage, share);
share.addEventListener('click', async () => (await arrived(import('../features/share/view')))?.openShare(stage, share, () => void makeLesson()));
/** What a link asks of the page itself stands behind its #. */
async function readHash(): Promise<void> {
  if (/[#&]lesson=/.test(location.hash)) {
    (await arrived(import('../features/lesson/view')))?.openLesson(stage);
  }
  const claim = /[#&]claim=([a-z-]+)/.exec(location.hash)?.[1];
  if (claim) await openClaim(claim);
}
addEventListener('hashchange', () => void readHash());

function recolour(): void {
  palette = readPalette();
  for (const view of [network, timelineView, curves, settings]) view?.recolour(palette);
  walkView?.recolour();
  panels.recolour(palette);
}
// A canvas that lived on a lost GPU comes back empty. The event does not bubble, hence the capture.
addEventListener('contextrestored', recolour, true);
followTheme(at('theme'), recolour);

function receive(report: Report): void {
  if ('run' in report && report.run !== run && report.run !== 0) return;
  hear(report);
  tell(report);
}

start();
void readHash().finally(() => delete document.documentElement.dataset['awaits']);
