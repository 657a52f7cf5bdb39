// Words in place of a network: no WebGPU here, the device went away, or anything else that stopped the engine.

import type { Failure } from '../protocol';
import { sentence } from '../words';

interface Advice {
  title: string;
  lines: string[];
}

/** How to get WebGPU in the browser at hand. Browsers are told apart only to give the fitting advice first. */
function advice(): Advice {
  const { userAgent } = navigator;
  const title = 'This browser gives the page no WebGPU';
  if (!window.isSecureContext) {
    return { title, lines: ['WebGPU works only over https, or from localhost. Open this page by such an address.'] };
  }
  if (/Firefox\//.test(userAgent)) {
    return {
      title,
      lines: [
        'Firefox has WebGPU switched on from version 141 on Windows and from 145 on Macs with Apple silicon.',
        'Elsewhere: open about:config, set dom.webgpu.enabled to true, and restart Firefox.',
      ],
    };
  }
  if (/(iPhone|iPad)/.test(userAgent)) {
    return { title, lines: ['iOS and iPadOS have WebGPU from version 26 on, in every browser. On 18: Settings, Apps, Safari, Advanced, Feature Flags, WebGPU.'] };
  }
  if (/Version\/.*Safari\//.test(userAgent)) {
    return { title, lines: ['Safari has WebGPU from version 26 on. In Safari 18: Settings, Feature Flags, WebGPU.'] };
  }
  if (/Android/.test(userAgent)) {
    return { title, lines: ['Chrome for Android has WebGPU from version 121 on, on Android 12 and later with a Qualcomm or ARM GPU.'] };
  }
  const lines = [
    'Chrome and Edge have WebGPU from version 113 on, on Windows, macOS and ChromeOS.',
    'It may be switched off: look for “WebGPU” on chrome://gpu, and turn on graphics acceleration under Settings, System.',
  ];
  if (/Linux/.test(userAgent)) {
    lines.push('On Linux, start it with --enable-unsafe-webgpu --enable-features=Vulkan, or open chrome://flags/#enable-unsafe-webgpu.');
  }
  return { title, lines };
}

/** What can be told: a failure, or a link that could not be read, after which the page goes on. */
export type Trouble = Failure | 'link';

function describe(failure: Trouble, message: string): Advice {
  switch (failure) {
    case 'webgpu':
      return advice();
    case 'lost':
      return { title: 'The GPU went away', lines: [message, 'This happens after a driver restart or a long sleep. A new run can start at once.'] };
    case 'link':
      return { title: 'The link could not be read', lines: [message, 'The first experiment was opened instead.'] };
    case 'large':
      return { title: 'This network is too large for this device', lines: [sentence(message), 'Nothing was taken. Choose another network or a smaller batch in the settings.'] };
    case 'refused':
      return { title: 'This experiment cannot be opened', lines: [sentence(message)] };
    case 'engine':
      return { title: 'The engine stopped', lines: [message] };
  }
}

export class NoticeView {
  private notice: HTMLElement | null = null;
  private readonly before: HTMLElement;
  private readonly again: () => void;

  /** Notices stand before that element; `again` hears of the button that starts over. */
  constructor(before: HTMLElement, again: () => void) {
    this.before = before;
    this.again = again;
  }

  /** The first trouble is shown, not the last: what follows is usually its consequence. */
  show(failure: Trouble, message: string): void {
    if (this.notice) return;
    const { title, lines } = describe(failure, message);
    const notice = document.createElement('section');
    notice.className = 'notice';
    notice.dataset['testid'] = 'notice';
    notice.dataset['failure'] = failure;
    notice.setAttribute('role', 'alert');
    const heading = document.createElement('h2');
    heading.textContent = title;
    const list = document.createElement('ul');
    for (const line of lines) {
      const item = document.createElement('li');
      item.textContent = line;
      list.append(item);
    }
    notice.append(heading, list);
    if (failure === 'webgpu') {
      const said = document.createElement('p');
      said.className = 'soft';
      said.textContent = 'Below are the masks with which a run on MNIST ended: 308 of 1,552 units are kept, and they read 97.6 % of the test digits right.';
      notice.append(said);
    } else if (failure === 'lost' || failure === 'engine') {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset['testid'] = 'again';
      button.textContent = 'Start again';
      button.addEventListener('click', () => this.again());
      notice.append(button);
    }
    this.before.before(notice);
    this.notice = notice;
  }

  clear(): void {
    this.notice?.remove();
    this.notice = null;
  }
}
