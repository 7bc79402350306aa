import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ResponseLike } from "turnout";
import type { BundledName } from "./bundled.ts";
import { type Command, commandsFor } from "./commands.ts";

/** The page's sources. They are read as they are, from `lib`, which the package brings beside what is compiled. */
const sources = new URL("../../../lib/cli/page/", import.meta.url);

/** The page at `/`: one document with everything in it. */
export class Page {
  readonly #protocols: readonly BundledName[];
  readonly #html: string;
  /** What its policy allows, as source expressions. */
  readonly #scripts: string[] = [];
  readonly #styles: string[] = [];

  constructor(protocols: readonly BundledName[], version: string) {
    this.#protocols = protocols;
    this.#html = fill(source("index.html"), { version })
      .replaceAll(/<link rel="stylesheet" href="([\w-]+\.css)">/g, (_, name: string) => {
        const style = source(name);
        this.#styles.push(hashOf(style));
        return `<style>${style}</style>`;
      })
      .replaceAll(/<script type="module" src="([\w-]+\.js)">/g, (_, name: string) => {
        const script = source(name);
        this.#scripts.push(hashOf(script));
        return `<script type="module">${script}`;
      });
  }

  /** The page for those who ask for it at `authority`, a harmless one. */
  respond(authority: string): ResponseLike {
    const commands = commandsFor(authority, this.#protocols).map(commandItem).join("\n");
    return {
      headers: {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": this.#policy(authority),
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        Vary: "Accept",
      },
      body: fill(this.#html, { authority, commands }),
    };
  }

  /** Nothing but what is in the page, and WebSockets of its own host. */
  #policy(authority: string): string {
    // 'self' includes WebSockets in some browsers only; an address in brackets is nothing that a policy can say.
    const own = authority.startsWith("[") ? "" : ` ws://${authority} wss://${authority}`;
    return [
      "default-src 'none'",
      `script-src ${this.#scripts.join(" ")}`,
      `style-src ${this.#styles.join(" ")}`,
      "img-src data:",
      `connect-src 'self'${own}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; ");
  }
}

function source(name: string): string {
  return readFileSync(new URL(name, sources), "utf8");
}

/** Puts values in the place of `{{name}}`. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (place, name: string) => values[name] ?? place);
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function commandItem({ title, command }: Command): string {
  return `      <li>
        <span class="what">${inHtml(title)}</span>
        <code>${inHtml(command)}</code>
        <button type="button" class="copy" aria-label="Copy the command: ${inHtml(title)}">Copy</button>
      </li>`;
}

function inHtml(text: string): string {
  return text.replaceAll(/[<>&"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
