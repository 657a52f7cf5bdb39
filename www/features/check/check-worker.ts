// Runs the self-check: an engine of its own on the visitor's adapter, or on the CPU, away from the page's thread and from the run's.

import { knownAdapter } from '../../engine/adapter';
import { messageOf } from '../../model/words';
import type { CheckReport } from '../../protocol/messages';

const say = (report: CheckReport): void => self.postMessage(report);

async function check(): Promise<void> {
  const adapter = await knownAdapter();
  // Without a GPU it is the CPU engine that is checked, with all that it brings.
  const [engine, wasm] = await (adapter
    ? Promise.all([import('../../pkg/self_check.js'), import('../../pkg/self_check_bg.wasm?url')])
    : Promise.all([import('../../pkg/lacuna_cpu.js'), import('../../pkg/lacuna_cpu_bg.wasm?url')]));
  await engine.default({ module_or_path: wasm.default });
  const result = await engine.check(
    (stage, done, of) => say({ kind: 'progress', stage, done, of }),
    (scene, done, of) => say({ kind: 'scene', scene, done, of }),
    adapter?.name ?? undefined,
  );
  say({ kind: 'done', result });
}

check().catch((error: unknown) => say({ kind: 'failed', message: messageOf(error) }));
