// Sentences that the page and its workers make of messages.

/** A message of the engine as a sentence. */
export function sentence(words: string): string {
  // Chinese has a full stop of its own.
  const stop = /[.!?。！？]$/.test(words) ? '' : /\p{Script=Han}\P{L}*$/u.test(words) ? '。' : '.';
  return words.charAt(0).toUpperCase() + words.slice(1) + stop;
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
