import { expect } from "chai";
import { Fields } from "turnout";
import { OriginalRequest, type RequestInfo } from "../../../lib/http/request.ts";
import { canBeSaid, isForwarded, openingBytes } from "../../../protocols/http2/original-request.ts";
import { clientPreface, type FieldList, http2FramesIn, literals, settingsPayload } from "../../support/http2-frames.ts";

type Line = { readonly method?: string; readonly target?: string; readonly body?: string };

/** The request as the core hands it over. */
function original(fields: FieldList, { method = "GET", target = "/x", body = "" }: Line = {}): OriginalRequest {
  const targetForm = target === "*" ? "asterisk" : target.startsWith("/") ? "origin" : "absolute";
  const head = {
    method,
    target,
    targetForm,
    httpVersion: "1.1",
    authority: undefined,
    stays: false,
    wantsUpgrade: true,
    fields: () => Fields.from(fields),
  } as const;
  const origin = { peer: { address: undefined, port: undefined }, secure: false };
  return new OriginalRequest(head, origin, Buffer.from(body), Fields.empty);
}

const usual: FieldList = [
  ["Host", "h"],
  ["Connection", "Upgrade, HTTP2-Settings"],
  ["Upgrade", "h2c"],
  ["HTTP2-Settings", ""],
];

/** The field block that a request becomes. */
function blockOf(request: OriginalRequest): string {
  const bytes = openingBytes(request, Buffer.alloc(0), Buffer.alloc(0)).toString("latin1");
  return http2FramesIn(bytes.slice(clientPreface.length))[1]!.payload.toString("hex");
}

function becomes(title: string, fields: FieldList, expected: FieldList, line?: Line, pseudo?: FieldList): void {
  it(title, () => {
    const said: FieldList = pseudo ?? [
      [":method", "GET"],
      [":scheme", "http"],
      [":authority", "h"],
      [":path", "/x"],
    ];
    expect(blockOf(original([...usual, ...fields], line))).to.equal(literals([...said, ...expected]).toString("hex"));
  });
}

describe("the original request, said in HTTP/2", () => {
  becomes("RFC 9113 section 8.3.1: the pseudo-fields, and nothing that concerned the upgrade", [], []);
  becomes("RFC 9113 section 8.3.1: another method and a query", [], [], { method: "PUT", target: "/a?b=c" }, [
    [":method", "PUT"],
    [":scheme", "http"],
    [":authority", "h"],
    [":path", "/a?b=c"],
  ]);
  becomes("RFC 9113 section 8.3.1: OPTIONS *", [], [], { method: "OPTIONS", target: "*" }, [
    [":method", "OPTIONS"],
    [":scheme", "http"],
    [":authority", "h"],
    [":path", "*"],
  ]);
  becomes("RFC 9112 section 3.2.2: an absolute target", [], [], { target: "http://other:81?q" }, [
    [":method", "GET"],
    [":scheme", "http"],
    [":authority", "other:81"],
    [":path", "/?q"],
  ]);
  becomes(
    "RFC 9113 section 8.2: names in lower case, in their order",
    [
      ["X-B", "B"],
      ["accept", "a"],
      ["X-B", "C"],
    ],
    [
      ["x-b", "B"],
      ["accept", "a"],
      ["x-b", "C"],
    ],
  );
  for (const name of ["Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Expect", "upgrade", "http2-settings"]) {
    becomes(`RFC 9113 section 8.2.2: ${name} is left out`, [[name, "x"]], []);
  }
  becomes(
    "RFC 9110 section 7.6.1: what Connection names is left out, on whichever of its lines",
    [
      ["connection", "a ,\tB"],
      ["a", "1"],
      ["b", "2"],
      ["ab", "3"],
      ["Connection", ""],
    ],
    [["ab", "3"]],
  );
  for (const [value, kept] of [
    ["trailers", true],
    ["Trailers", true],
    ["gzip, trailers", true],
    ["trailers;q=1", true],
    ["gzip", false],
    ["xtrailers", false],
    ["trailers-x", false],
    ["", false],
  ] as const) {
    becomes(`RFC 9113 section 8.2.2: TE: ${value}`, [["TE", value]], kept ? [["te", "trailers"]] : []);
  }

  it("RFC 7540 section 3.2.1: one SETTINGS frame: the field's, and behind them the client's own", () => {
    const [field, own] = [settingsPayload([4, 10], [3, 1]), settingsPayload([4, 20])];
    const bytes = openingBytes(original(usual, { body: "content" }), field, own).toString("latin1");
    expect(bytes.slice(0, clientPreface.length)).to.equal(clientPreface);
    const [settings, headers, data] = http2FramesIn(bytes.slice(clientPreface.length));
    expect(settings).to.deep.equal({ type: 4, flags: 0, stream: 0, payload: Buffer.concat([field, own]) });
    expect([headers?.type, headers?.flags, headers?.stream]).to.deep.equal([1, 4, 1]);
    expect(data).to.deep.equal({ type: 0, flags: 1, stream: 1, payload: Buffer.from("content") });
  });
});

function info(fields: FieldList, line: Line = {}): RequestInfo {
  return original(fields, line);
}

describe("whether a request can be upgraded to HTTP/2", () => {
  for (const name of ["Via", "FORWARDED", "x-forwarded-for", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP"]) {
    it(`T-91: ${name} shows an intermediary, whatever it says`, () => {
      expect(
        isForwarded(
          info([
            ["Host", "h"],
            [name, ""],
          ]),
        ),
      ).to.equal(true);
    });
  }
  for (const name of ["Via-X", "X-Via", "X-Forwarded", "X-Real-IPs", "Forwarded-For"]) {
    it(`T-91: ${name} is no such field`, () => {
      expect(
        isForwarded(
          info([
            ["Host", "h"],
            [name, "1"],
          ]),
        ),
      ).to.equal(false);
    });
  }

  it("RFC 9113 section 8.3.1: it has an authority, is no CONNECT, and only OPTIONS has an asterisk", () => {
    const seen = [
      canBeSaid(info([["Host", "h"]])),
      canBeSaid(info([["Host", "h"]], { method: "OPTIONS", target: "*" })),
      canBeSaid(info([["Host", ""]])),
      canBeSaid(info([])),
      canBeSaid(info([["Host", "h"]], { method: "CONNECT" })),
      canBeSaid(info([["Host", "h"]], { method: "GET", target: "*" })),
      canBeSaid(info([["Host", ""]], { target: "http://other/" })),
    ];
    expect(seen).to.deep.equal([true, true, false, false, false, false, true]);
  });
});
