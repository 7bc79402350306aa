import { expect } from "chai";
import type { FieldsLike } from "../../../lib/http/response-fields.ts";
import { responseTrailers } from "../../../lib/http/trailers.ts";

/** RFC 9110 section 6.5.1, and who would be misled. */
const refused: Readonly<Record<string, readonly string[]>> = {
  framing: ["Content-Length", "Transfer-Encoding", "Trailer"],
  "the connection": ["Connection", "Keep-Alive", "Upgrade", "TE", "HTTP2-Settings", "Proxy-Connection"],
  routing: ["Host"],
  authentication: ["WWW-Authenticate", "Proxy-Authenticate", "Authorization", "Set-Cookie", "Cookie"],
  "request modifiers": ["If-Match", "If-None-Match", "Expect", "Max-Forwards", "Range"],
  "response controls": ["Age", "Cache-Control", "Date", "Expires", "Location", "Retry-After", "Vary", "Warning"],
  "content format": ["Content-Encoding", "Content-Range", "Content-Type"],
};

describe("RFC 9110 section 6.5: the trailers of an answer", () => {
  for (const [what, fields] of [
    ["a record", { "X-Sum": "1", "X-List": ["a", "b"] }],
    [
      "pairs",
      [
        ["X-Sum", "1"],
        ["X-List", "a"],
        ["x-list", "b"],
      ],
    ],
  ] as [string, FieldsLike][]) {
    it(`${what}: lines as they are, and by name the list that they mean (RFC 9110 section 5.3)`, () => {
      const { lines, record } = responseTrailers(fields);
      expect(lines.toLowerCase()).to.equal("x-sum: 1\r\nx-list: a\r\nx-list: b\r\n");
      expect(record).to.deep.equal({ "x-sum": "1", "x-list": "a, b" });
    });
  }

  it("none", () => {
    expect(responseTrailers({})).to.deep.equal({ lines: "", record: {} });
  });

  it("RFC 9110 sections 8.8.3 and 14.3: what may come there does", () => {
    const { record } = responseTrailers({ ETag: '"a"', "Accept-Ranges": "none", "Server-Timing": "a;dur=1" });
    expect(record).to.deep.equal({ etag: '"a"', "accept-ranges": "none", "server-timing": "a;dur=1" });
  });

  for (const [why, names] of Object.entries(refused)) {
    for (const name of names.flatMap((one) => [one, one.toLowerCase()])) {
      it(`RFC 9110 section 6.5.1: ${why}: ${name} is refused`, () => {
        expect(() => responseTrailers({ "X-Sum": "1", [name]: "1" }))
          .to.throw()
          .with.property("code", "ERR_TURNOUT_RESPONSE");
      });
    }
  }

  for (const [name, value] of [
    ["a b", "1"],
    [":status", "200"],
    ["a", "1\r\n\r\nHTTP/1.1 200 OK"],
    ["a", 5 as unknown as string],
  ] as const) {
    it(`RFC 9110 section 5: ${JSON.stringify(name)}: ${JSON.stringify(value)} is refused`, () => {
      expect(() => responseTrailers({ [name]: value }))
        .to.throw()
        .with.property("code", "ERR_TURNOUT_RESPONSE");
    });
  }
});
