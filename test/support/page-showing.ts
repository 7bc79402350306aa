import { assert } from "chai";
import { Chromium } from "./chromium.ts";
import type { ChromiumTab, TabOptions } from "./chromium-tab.ts";
import { requireClient } from "./client-program.ts";
import { exitCodeOf } from "./clients.ts";
import { Demonstration } from "./demonstration.ts";
import { patiently } from "./patiently.ts";

/** The demonstration server's page, open in a browser, and the server that it is of. */
export interface Shown {
  readonly tab: ChromiumTab;
  readonly server: Demonstration;
}

/** The page is connected to its server. */
export const isLive = "document.body.classList.contains('live')";

export const desktop: TabOptions = { width: 1280, height: 900 };
export const phone: TabOptions = { width: 360, height: 780, mobile: true };

/** A number in a track's row of the page's table. */
export function cell(track: string, says: string): string {
  return `document.querySelector("tr[data-track=${track}] td[data-says=${says}]").textContent`;
}

export function textOf(id: string): string {
  return `document.getElementById("${id}").textContent`;
}

/** A Chromium for the tests of this suite. */
export function withChromium(): () => Chromium {
  let chromium: Chromium;

  before(async function () {
    requireClient(this, "chromium", "--version");
    chromium = await Chromium.start();
  });

  after(async () => {
    await chromium?.stop();
  });

  return () => chromium;
}

/** Runs `test` with the page of a server of its own; neither the page nor the browser may have complained. */
export async function showing(
  chromium: Chromium,
  args: readonly string[],
  test: (shown: Shown) => Promise<void>,
  how: TabOptions = desktop,
): Promise<void> {
  const server = await Demonstration.start("--quiet", ...args);
  try {
    await patiently(async () => {
      const url = args.includes("--tls") ? server.url.replace("http:", "https:") : server.url;
      const tab = await chromium.open(url, how);
      await tab.until(isLive);
      await test({ tab, server });
      assert.deepEqual(tab.complaints, []);
      await tab.close();
    });
  } finally {
    assert.equal(await exitCodeOf(server), 0);
  }
}
