// Runs the self-check in a worker of its own, with an engine of its own on the visitor's adapter or on the CPU.

import { knownAdapter } from '../../engine/adapter';
import { messageOf } from '../../model/words';
import type { CheckReport } from '../../protocol/messages';

const say = (report: CheckReport): void => self.postMessage(report);

async function check(): Promise<void> {
  const adapter = await knownAdapter();
  // Without a GPU the CPU engine is checked. Its module has the self-check too.
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
