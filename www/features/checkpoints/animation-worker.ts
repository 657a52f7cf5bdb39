// Draws a saved run as an animated picture, in a worker of its own: a long run takes a second or more. The terminal draws with the same code.

import { messageOf } from '../../model/words';

/** The bytes of the picture, or why there is none. */
export type Animated = { bytes: Uint8Array } | { message: string };

const say = (said: Animated, transfer: Transferable[] = []): void => self.postMessage(said, { transfer });

self.onmessage = async ({ data }: MessageEvent<Uint8Array>): Promise<void> => {
  try {
    const [drawer, wasm] = await Promise.all([import('../../pkg/own_files.js'), import('../../pkg/own_files_bg.wasm?url')]);
    await drawer.default({ module_or_path: wasm.default });
    const bytes = drawer.animate(data);
    say({ bytes }, [bytes.buffer]);
  } catch (error) {
    say({ message: messageOf(error) });
  }
};
