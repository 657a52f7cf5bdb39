// Lets the messages that wait be handled.

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Resolves after the messages that wait were handled. It posts a message to itself, because a timer takes at least 4 ms, and a second in a hidden tab. */
export const macrotask = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
