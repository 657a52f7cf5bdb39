// The card of the adapter: what computes, and why.

import type { Description } from '../../protocol/messages';
import { advice } from './webgpu-help';
import { element } from '../../ui/element';
import { place, putAway, standing } from '../../ui/card';
import { t } from '../../words/words';

const NAME = 'computes';

/** The variants of the kernels, as a line of the card. */
const variants = (kernels: string): string => kernels.replaceAll('=', ' ').replaceAll(',', ', ');

function lines({ computes, adapter, software, kernels }: Description, is_recorded: boolean): string[] {
  if (is_recorded) return [t`Nothing computes: this run was recorded on ${adapter}.`];
  if (computes === 'cpu') {
    return [
      t`This browser gives the page no WebGPU. So the CPU computes, with this page’s own engine in WebAssembly. The network trains live, by the same steps as on a GPU; times and ratio are measured on your CPU.`,
      ...advice(),
    ];
  }
  if (software)
    return [
      t`${adapter} computes, through WebGPU. It is an adapter in software: everything works, slowly, and a ratio that is measured here is not a GPU’s.`,
      t`Its kernels: ${variants(kernels)}.`,
    ];
  return [
    t`${adapter} computes, through WebGPU. Times and ratio are measured on it.`,
    t`Its kernels, the fastest of several for this network: ${variants(kernels)}.`,
  ];
}

/** Opens the card, or closes it. */
export function toggleComputes(description: Description, is_recorded: boolean, opener: HTMLElement): void {
  if (standing() === NAME) return putAway(NAME);
  const list = element('ul', '');
  list.append(...lines(description, is_recorded).map((line) => element('li', '', line)));
  place(NAME, t`What computes`, opener, () => undefined, element('h2', '', t`What computes`), list);
}
