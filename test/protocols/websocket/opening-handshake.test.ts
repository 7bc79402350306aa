import { expect } from "chai";
import { RequestInfo } from "../../../lib/http/request.ts";
import {
  acceptOf,
  faultOfHandshake,
  type OriginPolicy,
  offeredSubprotocols,
} from "../../../protocols/websocket/opening-handshake.ts";
import { headOf } from "../../support/parsed-head.ts";
import { type HandshakeFields, openingHandshake, sampleAccept, sampleKey } from "../../support/websocket-frames.ts";

const origin = { peer: { address: undefined, port: undefined }, secure: false };

function request(fields: HandshakeFields, requestLine?: string): RequestInfo {
  return new RequestInfo(headOf(...openingHandshake(fields, requestLine).slice(0, -4).split("\r\n")), origin);
}

/** The status of the answer to a handshake that is refused. */
function statusOf(fields: HandshakeFields, policy: OriginPolicy = "same-origin"): number | undefined {
  return faultOfHandshake(request(fields), policy)?.status;
}

describe("faultOfHandshake", () => {
  it("RFC 6455 section 1.3: the example is right", () => {
    expect(statusOf({})).to.equal(undefined);
  });

  for (const method of ["POST", "HEAD", "PUT", "OPTIONS", "get"]) {
    it(`RFC 6455 section 4.2.1 (1): ${method}: 405`, () => {
      const { status, headers } = faultOfHandshake(request({}, `${method} /chat HTTP/1.1`), "any")!;
      expect([status, headers]).to.deep.equal([405, { Allow: "GET" }]);
    });
  }

  for (const version of [
    ...[undefined, "", "8", "12", "14", "113", "133", "013", "+13", "13.0", "0xd", "13 ,", "13;", "13, 13", '"13"'],
    ["13", "13"],
    ["13", "8"],
  ]) {
    it(`RFC 6455 section 4.2.1 (6), 4.4: the version ${JSON.stringify(version)}: 426, and which is spoken`, () => {
      const fault = faultOfHandshake(request({ "Sec-WebSocket-Version": version }), "any")!;
      expect([fault.status, fault.headers]).to.deep.equal([426, { "Sec-WebSocket-Version": "13" }]);
    });
  }

  it("RFC 6455 section 4.2.1 (5): keys of 16 bytes", () => {
    for (const bytes of [
      Buffer.alloc(16),
      Buffer.alloc(16, 0xff),
      Buffer.from("the sample nonce"),
      Buffer.alloc(16, 7),
    ]) {
      expect(statusOf({ "Sec-WebSocket-Key": bytes.toString("base64") })).to.equal(undefined);
    }
  });

  for (const key of [
    ...[undefined, "", "=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ==="],
    ...["dGhlIHNhbXBsZSBub25jZQA=", "dGhlIHNhbXBsZSBub25jZ2E=", "dGhlIHNhbXBsZSBub25jZQA", "GhlIHNhbXBsZSBub25jZQ=="],
    ...[
      "dGhlIHNhbXBsZSBub25jZQ==A",
      "dGhlIHNhbXBsZSBub25j!Q==",
      "dGhlIHNhbXBsZSBub25j-Q==",
      "dGhlIHNhbXBsZSBub25 ZQ==",
    ],
    ...["dGhlIHNhbXBsZSBub25jZ===", "aaaa", `"${sampleKey}"`, `${sampleKey}, ${sampleKey}`],
    [sampleKey, sampleKey],
  ]) {
    it(`RFC 6455 section 4.2.1 (5): the key ${JSON.stringify(key)}: 400`, () => {
      expect(statusOf({ "Sec-WebSocket-Key": key })).to.equal(400);
    });
  }

  for (const [what, fields, status] of [
    ["the version goes before the key", { "Sec-WebSocket-Version": "8", "Sec-WebSocket-Key": "" }, 426],
    ["the key goes before the origin", { "Sec-WebSocket-Key": "", Origin: "http://evil" }, 400],
    ["the origin goes before the subprotocols", { Origin: "http://evil", "Sec-WebSocket-Protocol": "a b" }, 403],
  ] as const) {
    it(`RFC 6455 section 4.2.2: ${what}`, () => expect(statusOf(fields)).to.equal(status));
  }

  for (const field of ["permessage-deflate; =", "x y", "permessage-deflate;", "", 'x; a=""', "x".repeat(4097)]) {
    it(`RFC 6455 section 9.1: extensions that are malformed, as ${JSON.stringify(field.slice(0, 30))}: 400`, () => {
      expect(statusOf({ "Sec-WebSocket-Extensions": field })).to.equal(400);
    });
  }

  it("RFC 6455 section 9.1: extensions that are not known, and in several fields", () => {
    expect(statusOf({ "Sec-WebSocket-Extensions": ["foo", "permessage-deflate; bar=1, x"] })).to.equal(undefined);
  });
});

describe("offeredSubprotocols", () => {
  it("RFC 9110 section 5.6.3: what is trimmed is spaces and tabs, and no other white space", () => {
    for (const field of ["\xa0chat", "chat\xa0", "chat\xa0, x"]) {
      expect(offeredSubprotocols(request({ "Sec-WebSocket-Protocol": field })), field).to.equal(undefined);
    }
  });

  for (const [field, offered] of [
    [undefined, []],
    ["chat", ["chat"]],
    [
      ["chat, superchat", "x"],
      ["chat", "superchat", "x"],
    ],
    ["\tb ,,\ta,", ["b", "a"]],
    ["chat, Chat", ["chat", "Chat"]],
  ] as const) {
    it(`RFC 6455 section 4.1 (10), 11.3.4: ${JSON.stringify(field)}, in the client's order`, () => {
      expect(offeredSubprotocols(request({ "Sec-WebSocket-Protocol": field }))).to.deep.equal(offered);
      expect(statusOf({ "Sec-WebSocket-Protocol": field })).to.equal(undefined);
    });
  }

  for (const field of ["a b", "a/b", "a;q=1", '"a"', "(a)", "é", "a, b c", "a, a", ["a", "b, a"]]) {
    it(`RFC 6455 section 4.1 (10): ${JSON.stringify(field)} is malformed: 400`, () => {
      expect(offeredSubprotocols(request({ "Sec-WebSocket-Protocol": field }))).to.equal(undefined);
      expect(statusOf({ "Sec-WebSocket-Protocol": field })).to.equal(400);
    });
  }
});

describe("the policy for origins", () => {
  const allows = (policy: OriginPolicy, from: string | undefined, host = "h"): boolean =>
    statusOf({ Host: host, Origin: from }, policy) === undefined;

  for (const [from, host] of [
    ["http://h", "h"],
    ["https://h", "h"],
    ["http://H", "h"],
    ["HTTP://h", "H"],
    ["http://h:80", "h"],
    ["http://h", "h:80"],
    ["https://h:443", "h"],
    ["https://h", "h:443"],
    ["http://h:8080", "h:8080"],
    ["https://h:80", "h:80"],
    ["http://[::1]", "[::1]"],
    ["http://[::1]:8080", "[::1]:8080"],
    ["http://[::1]", "[::1]:80"],
  ] as const) {
    it(`RFC 6455 section 10.2: a page of ${from} is of the same origin as ${host}`, () => {
      expect(allows("same-origin", from, host)).to.equal(true);
    });
  }

  for (const [from, host] of [
    ["null", "h"],
    ["", "h"],
    ["h", "h"],
    ["//h", "h"],
    ["http://", "h"],
    ["http://i", "h"],
    ["http://h.evil", "h"],
    ["http://evilh", "h"],
    ["http://h:81", "h"],
    ["http://h", "h:81"],
    ["https://h", "h:80"],
    ["http://h", "h:443"],
    ["http://h/", "h"],
    ["http://h/x", "h"],
    ["http://h?x", "h"],
    ["http://h#x", "h"],
    ["http://u@h", "h"],
    ["http://h, http://h", "h"],
    ["http://h http://evil", "h"],
    ["http://[::1]:1", "[::1]"],
    ["http://[::2]", "[::1]"],
    ["file://", "h"],
  ] as const) {
    it(`RFC 6455 section 10.2: a page of ${JSON.stringify(from)} is not of the same origin as ${host}: 403`, () => {
      expect(allows("same-origin", from, host)).to.equal(false);
    });
  }

  it("RFC 6454 section 7.3: two Origin fields are of nobody's origin", () => {
    expect(statusOf({ Origin: ["http://h", "http://h"] })).to.equal(403);
    expect(statusOf({ Origin: ["http://h", "http://evil"] })).to.equal(403);
  });

  it("RFC 6455 section 10.2: a target in absolute-form says which host it is", () => {
    const policy = "same-origin";
    const line = "GET http://there/chat HTTP/1.1";
    expect(faultOfHandshake(request({ Origin: "http://there" }, line), policy)).to.equal(undefined);
    expect(faultOfHandshake(request({ Origin: "http://h" }, line), policy)?.status).to.equal(403);
  });

  it("RFC 6455 section 10.2: a client without an origin is no page, and is let in", () => {
    for (const policy of ["same-origin", "any", [], () => false] as const) {
      expect(allows(policy, undefined)).to.equal(true);
    }
  });

  it("any", () => {
    for (const from of ["http://evil", "null", ""]) {
      expect(allows("any", from)).to.equal(true);
    }
  });

  it("a list has origins, whole", () => {
    const list = ["https://a.example", "https://b.example:8443"];
    for (const from of list) {
      expect(allows(list, from)).to.equal(true);
    }
    for (const from of [
      "http://a.example",
      "https://a.example:8443",
      "https://b.example",
      "null",
      "https://a.example.x",
    ]) {
      expect(allows(list, from)).to.equal(false);
    }
  });

  it("a function decides by the origin and the request", () => {
    const asked: [string, string][] = [];
    const policy = (from: string, { target }: RequestInfo): boolean => {
      asked.push([from, target]);
      return from === "http://friend";
    };
    expect(allows(policy, "http://friend")).to.equal(true);
    expect(allows(policy, "http://evil")).to.equal(false);
    expect(asked).to.deep.equal([
      ["http://friend", "/chat"],
      ["http://evil", "/chat"],
    ]);
  });
});

describe("acceptOf", () => {
  it("RFC 6455 section 1.3: the example", () => {
    expect(acceptOf(sampleKey)).to.equal(sampleAccept);
  });
});
