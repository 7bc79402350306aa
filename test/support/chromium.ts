import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { ChromiumTab, type TabOptions } from "./chromium-tab.ts";
import { Conversation } from "./clients.ts";

/** What the browser says: an answer, which has the number of what was asked, or an event. */
export interface Said {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly sessionId?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

interface Listener {
  readonly fits: (said: Said) => boolean;
  readonly resolve: (said: Said) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Chromium without a window, in a profile of its own. It is told what to do over two pipes, by the DevTools protocol:
 * messages of JSON, with a NUL behind each.
 */
export class Chromium {
  readonly #program: Conversation;
  readonly #profile: string;
  readonly #listeners: Set<Listener> = new Set();
  /** Those who hear all that is said of a tab, by its session. */
  readonly #hearers: Map<string, (said: Said) => void> = new Map();
  #asked = 0;
  #ended: Error | undefined;

  private constructor(profile: string) {
    this.#profile = profile;
    const args = [
      "--headless",
      "--no-sandbox", // root has none
      "--disable-gpu",
      "--disable-dev-shm-usage", // a container may have little of it
      "--disable-background-networking",
      "--disable-component-update",
      "--no-first-run",
      "--ignore-certificate-errors",
      "--remote-debugging-pipe",
      `--user-data-dir=${profile}`,
    ];
    this.#program = new Conversation("chromium", args, { TMPDIR: profile }, 2);
    this.#input.on("error", () => {}); // it has ended, and tells so
    let text = "";
    this.#output.setEncoding("utf8").on("data", (piece: string) => {
      const messages = (text + piece).split("\0");
      text = messages.pop()!;
      for (const message of messages) {
        this.#hear(JSON.parse(message) as Said);
      }
    });
    void this.#program.ended.then(
      ({ stderr }) => this.#end(new Error(`Chromium has ended: ${stderr.slice(-1000)}`)),
      (error: Error) => this.#end(error),
    );
  }

  static async start(): Promise<Chromium> {
    const chromium = new Chromium(await mkdtemp(join(tmpdir(), "turnout-chromium-")));
    try {
      await chromium.#ask("Browser.getVersion");
    } catch (error) {
      await chromium.stop();
      throw error;
    }
    return chromium;
  }

  /** Loads a page in a tab of its own. */
  async open(url: string, options: TabOptions = {}): Promise<ChromiumTab> {
    const { targetId } = await this.#ask("Target.createTarget", { url: "about:blank" });
    const attached = await this.#ask("Target.attachToTarget", { targetId, flatten: true });
    const sessionId = attached["sessionId"] as string;
    const tab = new ChromiumTab({
      ask: (method, params) => this.#ask(method, params, sessionId),
      said: (fits) => this.#said((said) => said.sessionId === sessionId && fits(said)),
      close: () => this.#ask("Target.closeTarget", { targetId }),
    });
    this.#hearers.set(sessionId, (said) => tab.hear(said));
    await tab.load(url, options);
    return tab;
  }

  /** Loads a page in a tab of its own, and gives what the expression comes to there; a promise is waited for. */
  async evaluate(url: string, expression: string): Promise<unknown> {
    const tab = await this.open(url);
    const value = await tab.evaluate(expression);
    await tab.close();
    return value;
  }

  /** Ends it with all that it has started, and removes its profile. */
  async stop(): Promise<void> {
    try {
      await this.#program.stop();
    } finally {
      await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  get #input(): Writable {
    return this.#program.child.stdio[3] as Writable;
  }

  get #output(): Readable {
    return this.#program.child.stdio[4] as Readable;
  }

  async #ask(method: string, params: object = {}, sessionId?: string): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#asked;
    const answer = this.#said((said) => said.id === id);
    this.#input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { result, error } = await answer;
    if (result === undefined) {
      throw new Error(`${method}: ${error?.message}`);
    }
    return result;
  }

  /** What is said next that `fits`. */
  #said(fits: (said: Said) => boolean): Promise<Said> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
      }
      this.#listeners.add({ fits, resolve, reject });
    });
  }

  #hear(said: Said): void {
    this.#hearers.get(said.sessionId ?? "")?.(said);
    for (const listener of this.#listeners) {
      if (listener.fits(said)) {
        this.#listeners.delete(listener);
        listener.resolve(said);
      }
    }
  }

  #end(error: Error): void {
    this.#ended = error;
    for (const { reject } of this.#listeners) {
      reject(error);
    }
  }
}
