// How to get WebGPU.

import { t } from '../../words/words';

/** What to do in this browser. Browsers are detected only for the advice. */
export function advice(): string[] {
  const { userAgent } = navigator;
  if (!window.isSecureContext) return [t`WebGPU works only over https, or from localhost. Open this page by such an address.`];
  if (/Firefox\//.test(userAgent)) {
    return [
      t`Firefox has WebGPU switched on from version 141 on Windows and from 147 on Macs with Apple silicon (145 on macOS 26).`,
      t`On Linux and on Android: open about:config, set dom.webgpu.enabled to true, and restart Firefox; or take Firefox Nightly.`,
    ];
  }
  if (/(iPhone|iPad)/.test(userAgent)) {
    return [t`iOS and iPadOS have WebGPU from version 26 on, in every browser. On 18: Settings, Apps, Safari, Advanced, Feature Flags, WebGPU.`];
  }
  // Before Safari: an app that shows pages on Android names a version and Safari too.
  if (/Android/.test(userAgent)) {
    return [
      t`Chrome for Android has WebGPU from version 121 on, on Android 12 and later with a GPU of Qualcomm, ARM or Intel; from 139 on also with one of Imagination, on Android 16.`,
    ];
  }
  if (/Version\/.*Safari\//.test(userAgent)) {
    return [t`Safari has WebGPU from version 26 on. In Safari 18: Settings, Feature Flags, WebGPU.`];
  }
  const lines = [
    t`Chrome and Edge have WebGPU from version 113 on, on Windows, macOS and ChromeOS.`,
    t`It may be switched off: look for “WebGPU” on chrome://gpu, and turn on graphics acceleration under Settings, System.`,
  ];
  if (/Linux/.test(userAgent)) {
    lines.push(
      t`On Linux it is on from version 144 with Intel graphics of the 12th generation, from 147 with NVIDIA’s driver 535 or later. With others, start it with --enable-unsafe-webgpu --ozone-platform=x11 --use-angle=vulkan --enable-features=Vulkan,VulkanFromANGLE.`,
    );
  }
  return lines;
}
