// What the browser itself says of the adapter that a run gets.

interface Gpu {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<{
    info: { vendor: string; architecture: string; device: string; description: string };
    limits: { maxBufferSize: number; maxStorageBufferBindingSize: number };
  } | null>;
}

/** What is known of an adapter before it is opened. */
export interface Known {
  /** Vendor and architecture, where the browser tells no full name; null where it tells nothing. */
  name: string | null;
  /** What a buffer may hold. */
  most_bytes: number;
}

/** Vendors name themselves in lower case here; these are not words. */
const SPELT: Record<string, string> = { nvidia: 'NVIDIA', amd: 'AMD', arm: 'ARM', swiftshader: 'SwiftShader', llvmpipe: 'llvmpipe' };
const spelt = (word: string): string => SPELT[word] ?? word.charAt(0).toUpperCase() + word.slice(1);

async function adapter(): ReturnType<Gpu['requestAdapter']> {
  const { gpu } = navigator as { gpu?: Gpu };
  return (await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null)) ?? null;
}

/** Whether this browser gives out any adapter: tells "there is none" from every other trouble. */
export const hasAdapter = async (): Promise<boolean> => (await adapter()) !== null;

/**
 * The adapter that a run gets, or null where there is none. The engine's WebGPU library passes only the full name on, which
 * browsers keep to themselves.
 */
export async function knownAdapter(): Promise<Known | null> {
  const found = await adapter();
  if (!found) return null;
  const { vendor, architecture, device, description } = found.info;
  const parts = [vendor, device || architecture].filter((part) => part !== '').map(spelt);
  const { maxBufferSize, maxStorageBufferBindingSize } = found.limits;
  return { name: description || parts.join(' ') || null, most_bytes: Math.min(maxBufferSize, maxStorageBufferBindingSize) };
}
