import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** Runs `test` while `listener` hears what is published on the channels. */
export async function subscribed(
  channels: readonly string[],
  listener: (message: unknown, channel: string) => void,
  test: () => Promise<void>,
): Promise<void> {
  const heard = (message: unknown, channel: string | symbol): void => listener(message, String(channel));
  for (const channel of channels) {
    subscribe(channel, heard);
  }
  try {
    await test();
  } finally {
    for (const channel of channels) {
      unsubscribe(channel, heard);
    }
  }
}
