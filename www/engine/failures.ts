// What went wrong, as reports say it.

import type { Failure } from '../protocol/messages';

/** Whether the WebAssembly module trapped: it cannot be called any more, not even to free what it holds. */
export const hasTrapped = (error: unknown): boolean => error instanceof WebAssembly.RuntimeError;

export const failureOf = (error: unknown): Failure => (hasTrapped(error) ? 'crashed' : 'engine');
