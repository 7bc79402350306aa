import { expect } from "chai";
import { wantsHtml } from "../../../lib/cli/negotiation.ts";

describe("RFC 9110 section 12.5.1: who gets the page, and who gets text", () => {
  for (const [accept, html] of [
    [undefined, false],
    ["", false],
    ["*/*", false],
    ["text/*", false],
    ["text/html", true],
    ["TEXT/HTML", true],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true],
    ["application/json, text/html ; q=0.1", true],
    ["text/html;q=0", false],
    ["text/html;q=0.000", false],
    ["text/html;q=2", false],
    ["text/html;level=1;q=0.4, text/plain;q=0.5", false],
    ["text/html;q=0.5, text/plain;q=0.5", true],
    ["text/plain, text/html;q=0.9", false],
    ["text/html-sandboxed", false],
  ] as const) {
    it(`${accept === undefined ? "no Accept" : `"${accept}"`}: ${html ? "the page" : "text"}`, () => {
      expect(wantsHtml(accept)).to.equal(html);
    });
  }
});
