import { createHash } from "node:crypto";
import { expect } from "chai";
import type { BundledName } from "../../../lib/cli/bundled.ts";
import { Page } from "../../../lib/cli/page.ts";

const protocols: readonly BundledName[] = ["websocket", "echo"];

/** The page's fields, and what is in it. */
function pageAt(authority: string): { readonly fields: Readonly<Record<string, string>>; readonly html: string } {
  const { headers, body } = new Page(protocols, "1.2.3").respond(authority);
  return { fields: headers as Record<string, string>, html: body as string };
}

/** The directives of its Content-Security-Policy. */
function policyAt(authority: string): Readonly<Record<string, string>> {
  const directives = pageAt(authority).fields["Content-Security-Policy"]!.split("; ");
  return Object.fromEntries(directives.map((directive) => directive.split(/ (.*)/, 2) as [string, string]));
}

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

describe("the demonstration server's page", () => {
  const { fields, html } = pageAt("h:81");

  it("is one document, in which everything has been put in its place", () => {
    expect(html)
      .to.match(/^<!doctype html>/)
      .and.not.match(/\{\{|<link rel="stylesheet"| src=/);
    expect(html.match(/<script/g)).to.have.length(1);
    expect(html).to.include("Turnout 1.2.3.");
  });

  it("allows its own script and style by their hashes, and nothing else", () => {
    const styles = [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, style]) => hashOf(style!));
    const scripts = [...html.matchAll(/<script type="module">(.*?)<\/script>/gs)].map(([, script]) => hashOf(script!));
    expect([styles.length, scripts.length]).to.deep.equal([3, 1]);
    expect(policyAt("h:81")).to.deep.equal({
      "default-src": "'none'",
      "script-src": scripts.join(" "),
      "style-src": styles.join(" "),
      "img-src": "data:",
      "connect-src": "'self' ws://h:81 wss://h:81",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
    });
  });

  it("has no address of another host, and no style or handler within its tags", () => {
    const addresses = html
      .match(/\b(?:https?|wss?):\/\/[^\s"'`)]+/g)!
      .filter((one) => !/:\/\/h:81(?:\/|;|$)/.test(one));
    expect(new Set(addresses)).to.deep.equal(new Set(["http://www.w3.org/2000/svg"]));
    expect(html).not.to.match(/<[^>]+ (?:style|on[a-z]+)=/);
  });

  it("may not be kept without asking, and is another one for those who want text", () => {
    expect(fields).to.include({
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "no-cache",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
      Vary: "Accept",
    });
  });

  it("an address of IPv6, which no policy can say, is left to 'self'", () => {
    expect(policyAt("[::1]:81")["connect-src"]).to.equal("'self'");
  });

  it("has the commands for its own host, as text", () => {
    expect(html).to.include("<code>curl -v http://h:81/inspect</code>");
    expect(html).to.include("const s = new WebSocket(&#34;ws://h:81/ws&#34;); s.onopen = () =&#62;");
    expect(html).not.to.include("--http2");
  });

  it("every button, input and region has a name", () => {
    for (const [button] of html.matchAll(/<button[^>]*>[^<]*/g)) {
      expect(button).to.match(/aria-label="[^"]+"|>\w+/);
    }
    for (const [, id] of html.matchAll(/<input id="(\w+)"/g)) {
      expect(html).to.include(`<label for="${id}">`);
    }
    for (const [, id] of html.matchAll(/aria-labelledby="([\w-]+)"/g)) {
      expect(html).to.include(`<h2 id="${id}"`);
    }
  });
});
