import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect } from "chai";
import { hasContent, headBytesOf, NodeHead, withoutOffer } from "../../lib/node-request.ts";

/** A request as node:http has read it. */
function requestWith(rawHeaders: string[], httpVersion = "1.1"): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers[rawHeaders[at]!.toLowerCase()] = rawHeaders[at + 1]!;
  }
  return Object.assign(request, { method: "GET", url: "/x", httpVersion, rawHeaders, headers });
}

describe("a request that node:http has read", () => {
  it("is put together again, byte by byte, with obs-text in its fields", () => {
    const bytes = headBytesOf(requestWith(["Host", "h", "X", "\xff\x80", "x", ""])).toString("latin1");
    expect(bytes).to.equal("GET /x HTTP/1.1\r\nHost: h\r\nX: \xff\x80\r\nx: \r\n\r\n");
  });

  for (const [headers, has] of [
    [[], false],
    [["Content-Length", "0"], false],
    [["Content-Length", "00"], false],
    [["Content-Length", "10"], true],
    [["Transfer-Encoding", "chunked"], true],
  ] as const) {
    it(`${headers.join(" ") || "without a framing field"}: ${has ? "content" : "no content"}`, () => {
      expect(hasContent(requestWith([...headers]))).to.equal(has);
    });
  }

  for (const [connection, upgrade, version, wants] of [
    ["Upgrade", "tea", "1.1", true],
    ["keep-alive, upgrade", "tea", "1.1", true],
    ["upgrades", "tea", "1.1", false],
    ["keep-alive", "tea", "1.1", false],
    ["upgrade", undefined, "1.1", false],
    ["upgrade", "tea", "1.0", false],
  ] as const) {
    it(`HTTP/${version}, Connection: ${connection}, Upgrade: ${upgrade}: ${wants ? "an" : "no"} offer`, () => {
      const fields = ["Connection", connection, ...(upgrade === undefined ? [] : ["Upgrade", upgrade])];
      expect(new NodeHead(requestWith(fields, version)).wantsUpgrade).to.equal(wants);
    });
  }
});

describe("a request as if Upgrade had not been sent", () => {
  const head =
    "GET /?upgrade: HTTP/1.1\r\nUpgrade: a\r\nX-Upgrade: b\r\nExpect: 100-continue\r\nuPGRADE:\r\nUpgraded: c\r\n\r\n";
  const content = "\r\nUpgrade: d\r\n\r\n";

  it("has all but the field, and its content is as it was", () => {
    expect(withoutOffer(Buffer.from(`\r\n\n${head}${content}`), false).toString()).to.equal(
      `GET /?upgrade: HTTP/1.1\r\nX-Upgrade: b\r\nExpect: 100-continue\r\nUpgraded: c\r\n\r\n${content}`,
    );
  });

  it("and not even Expect, where a 100 has been sent", () => {
    expect(withoutOffer(Buffer.from(head), true).toString()).to.equal(
      "GET /?upgrade: HTTP/1.1\r\nX-Upgrade: b\r\nUpgraded: c\r\n\r\n",
    );
  });
});
