// Failures, as reports name them.

import type { Failure } from '../protocol/messages';

/** Whether the WebAssembly module trapped: then it cannot be called again, not even to free its memory. */
export const hasTrapped = (error: unknown): boolean => error instanceof WebAssembly.RuntimeError;

export const failureOf = (error: unknown): Failure => (hasTrapped(error) ? 'crashed' : 'engine');
