// The worker that owns the engine: passes each message of the page to the part that answers it. Runs train in run-queue.ts and training-loop.ts.

import { EngineLoader } from './engine-loader';
import { answer, link, read, readRun, recordingOf, start } from './links';
import { macrotask } from './macrotask';
import type { Post } from './open-run';
import { RunQueue } from './run-queue';
import { messageOf } from '../model/words';
import type { Request } from '../protocol/messages';
import { said } from '../words/said';

const post: Post = (report, transfer = []) => self.postMessage(report, { transfer });
const loader = new EngineLoader();
const runs = new RunQueue(loader, { post, clock: () => performance.now(), macrotask });

/** There is no engine, and without one no run. */
const failToLoad = (error: unknown): void => post({ kind: 'failed', run: 0, failure: 'engine', message: messageOf(error) });

/** The visitor's own data go into the engine's memory and nowhere else. */
async function takeOwn({ set, given }: Request & { kind: 'own' }): Promise<void> {
  const { about, shape, inputs, labels, test_inputs, test_labels } = set;
  try {
    (await loader.engine)?.take_own(about, about.classes.length, Uint32Array.from(shape), inputs, labels, test_inputs, test_labels);
    post({ kind: 'owned', own: about, given });
  } catch (error) {
    post({ kind: 'own_refused', message: messageOf(error) });
  }
}

self.onmessage = ({ data: request }: MessageEvent<Request>): void => {
  const { current } = runs;
  switch (request.kind) {
    // The engine.
    case 'start':
      runs.folder = request.data;
      start(loader, request, post, runs).catch(failToLoad);
      return;
    case 'wake':
      runs.folder = request.data;
      loader.load().catch(failToLoad);
      return;
    case 'own':
      void takeOwn(request);
      return;

    // Links.
    case 'read':
      void answer(loader, 0, (engine) => read(engine, request), post);
      return;
    case 'link':
      void answer(loader, request.ticket, (engine) => link(engine, request), post);
      return;

    // Run files.
    case 'read_run':
      void answer(loader, request.ticket, (engine) => readRun(engine, request), post);
      return;
    case 'recording': {
      const { ticket, bytes } = request;
      if (bytes) void answer(loader, ticket, (engine) => recordingOf(engine, ticket, bytes), post);
      else if (current) void current.checkpoints.record(ticket);
      else post({ kind: 'refused', ticket, message: said`no run is open` });
      return;
    }

    // Runs.
    case 'open':
      runs.open(request);
      return;
    case 'close':
      runs.close();
      return;
    case 'train':
      runs.train_at_once = true;
      current?.train();
      return;
    case 'pause':
      runs.train_at_once = false;
      current?.pause();
      return;
    case 'step':
      runs.train_at_once = false;
      current?.takeStep();
      return;
    case 'phase':
      runs.train_at_once = false;
      current?.takePhase();
      return;
    case 'draw':
      runs.train_at_once = false;
      current?.lab.draw(request.pairs);
      return;
    case 'pace':
      runs.pace.steps_per_second = request.steps_per_second;
      return;
    case 'change':
      current?.change(request.name, request.value);
      return;
    case 'checkpoint':
      current?.checkpoints.ask();
      return;
    case 'measure':
      current?.comparison.ask();
      return;
    case 'cost':
      current?.unit_costs.ask(request.unit);
      return;
    case 'classify':
      current?.classifier.take(request.ticket, request.image);
      return;
    case 'example':
      current?.dataset.showExample(request.index).catch((error: unknown) => post({ kind: 'classify_refused', run: runs.asked, message: messageOf(error) }));
      return;
  }
};
