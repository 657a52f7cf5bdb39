// Copying an address.

import { t } from '../words/words';

const SAID_MS = 1600;

/** Copies an address and says so in the words of a button for a while; without a clipboard (no https) says where else the address is. */
export function copyInto(said: HTMLElement, address: string, otherwise: string): void {
  const before = said.textContent;
  const say = (words: string): void => {
    said.textContent = words;
    setTimeout(() => (said.textContent = before), SAID_MS);
  };
  navigator.clipboard?.writeText(address).then(
    () => say(t`Copied`),
    () => say(otherwise),
  ) ?? say(otherwise);
}
