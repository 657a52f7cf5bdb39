// The GPU adapter that a run will use, as the browser describes it.

interface Gpu {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<{
    info: { vendor: string; architecture: string; device: string; description: string };
    limits: { maxBufferSize: number; maxStorageBufferBindingSize: number };
  } | null>;
}

/** What is known of an adapter before it is opened. */
export interface KnownAdapter {
  /** The full name. Where the browser does not give it: vendor and architecture. Null where it gives neither. */
  name: string | null;
  /** The largest buffer that a shader may use, in bytes. */
  most_bytes: number;
}

/** Browsers give the names of vendors in lower case. These need more than a capital first letter. */
const SPELLINGS: Record<string, string> = { nvidia: 'NVIDIA', amd: 'AMD', arm: 'ARM', swiftshader: 'SwiftShader', llvmpipe: 'llvmpipe' };
const spell = (word: string): string => SPELLINGS[word] ?? word.charAt(0).toUpperCase() + word.slice(1);

async function requestAdapter(): ReturnType<Gpu['requestAdapter']> {
  const { gpu } = navigator as { gpu?: Gpu };
  return (await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null)) ?? null;
}

/** Whether the browser offers any adapter at all: when the engine fails, this tells whether the GPU is gone. */
export const hasAdapter = async (): Promise<boolean> => (await requestAdapter()) !== null;

/**
 * The adapter that a run will use; null where there is none. The page asks for it because the engine's WebGPU library reports the full name
 * only, and most browsers leave that empty.
 */
export async function knownAdapter(): Promise<KnownAdapter | null> {
  const found = await requestAdapter();
  if (!found) return null;
  const { vendor, architecture, device, description } = found.info;
  const parts = [vendor, device || architecture].filter((part) => part !== '').map(spell);
  const { maxBufferSize, maxStorageBufferBindingSize } = found.limits;
  return { name: description || parts.join(' ') || null, most_bytes: Math.min(maxBufferSize, maxStorageBufferBindingSize) };
}
