import type { Said } from "./chromium.ts";

/** What a script came to, as the browser tells it. */
interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
}

/** The browser, as far as it is about one tab. */
export interface TabOfBrowser {
  ask(method: string, params?: object): Promise<Readonly<Record<string, unknown>>>;
  said(fits: (said: Said) => boolean): Promise<Said>;
  close(): Promise<unknown>;
}

/** How a page is to be seen. */
export interface TabOptions {
  readonly width?: number;
  readonly height?: number;
  readonly mobile?: boolean;
  /** `prefers-color-scheme`, `prefers-reduced-motion`, ... */
  readonly media?: Readonly<Record<string, string>>;
}

/** The longest that a page may take to come to something. */
const patienceMs = 15_000;

/** A page in a tab. */
export class ChromiumTab {
  readonly #browser: TabOfBrowser;
  /** What the page or the browser has complained of: errors, warnings, violations of a policy. */
  readonly complaints: string[] = [];
  /** Events of the network, in order. */
  readonly network: Said[] = [];

  constructor(browser: TabOfBrowser) {
    this.#browser = browser;
  }

  /** Rejects where there is no page. */
  async load(url: string, { width, height = 800, mobile = false, media = {} }: TabOptions): Promise<void> {
    const { ask, said } = this.#browser;
    for (const domain of ["Page", "Log", "Runtime", "Network", "Audits"]) {
      await ask(`${domain}.enable`);
    }
    if (width !== undefined) {
      await ask("Emulation.setDeviceMetricsOverride", { width, height, mobile, deviceScaleFactor: 2 });
    }
    const features = Object.entries(media).map(([name, value]) => ({ name, value }));
    await ask("Emulation.setEmulatedMedia", { features });
    const loaded = said(({ method }) => method === "Page.loadEventFired");
    loaded.catch(() => {}); // nobody waits for it where there is no page
    const { errorText } = await ask("Page.navigate", { url });
    if (errorText !== undefined) {
      throw new Error(`${url}: ${errorText}`);
    }
    await loaded;
  }

  /** What the expression comes to; a promise is waited for. */
  async evaluate(expression: string): Promise<unknown> {
    const how = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const { result, exceptionDetails } = (await this.#browser.ask("Runtime.evaluate", how)) as unknown as Evaluated;
    if (exceptionDetails !== undefined) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Waits until the expression is true of the document, which is looked at whenever it has changed. */
  until(expression: string): Promise<unknown> {
    return this.evaluate(`new Promise((resolve, reject) => {
      const look = () => {
        if (${expression}) {
          observer.disconnect();
          resolve();
        }
      };
      const observer = new MutationObserver(look);
      const everything = { subtree: true, childList: true, characterData: true, attributes: true };
      observer.observe(document, everything);
      setTimeout(() => reject(new Error(${JSON.stringify(expression)} + ": " + document.body.innerText)), ${patienceMs});
      look();
    })`);
  }

  /** Presses a key: its name, and the text that it types. */
  async press(key: string, text = ""): Promise<void> {
    const code = { Tab: 9, Enter: 13 }[key];
    const what = { key, code: key, ...(code === undefined ? {} : { windowsVirtualKeyCode: code }) };
    await this.#browser.ask("Input.dispatchKeyEvent", { type: "keyDown", ...what, ...(text === "" ? {} : { text }) });
    await this.#browser.ask("Input.dispatchKeyEvent", { type: "keyUp", ...what });
  }

  /** Types text, a key a character. */
  async type(text: string): Promise<void> {
    for (const character of text) {
      await this.press(character, character);
    }
  }

  /** The page, or the part of it that is seen, as PNG. */
  async screenshot(whole = true): Promise<Buffer> {
    const { data } = await this.#browser.ask("Page.captureScreenshot", { captureBeyondViewport: whole });
    return Buffer.from(data as string, "base64");
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  /** Notes what the browser says of this tab. */
  hear(said: Said): void {
    const { method = "", params = {} } = said;
    if (method.startsWith("Network.")) {
      this.network.push(said);
    } else if (method === "Log.entryAdded") {
      this.#complain((params["entry"] as { level: string }).level !== "verbose", params["entry"]);
    } else if (method === "Runtime.consoleAPICalled") {
      this.#complain(true, params);
    } else if (method === "Runtime.exceptionThrown" || method === "Audits.issueAdded") {
      this.#complain(true, params);
    }
  }

  #complain(really: boolean, what: unknown): void {
    if (really) {
      this.complaints.push(JSON.stringify(what));
    }
  }
}
