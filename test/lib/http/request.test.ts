import { expect } from "chai";
import { Fields } from "../../../lib/http/fields.ts";
import { HttpRequest, OriginalRequest, RequestInfo } from "../../../lib/http/request.ts";
import { RequestBody } from "../../../lib/http/request-body.ts";
import { rejectionOf } from "../../support/failures.ts";
import { headOf } from "../../support/parsed-head.ts";

const origin = { peer: { address: "192.0.2.1", port: 7 }, secure: false };

function infoOf(requestLine: string, ...lines: string[]): RequestInfo {
  return new RequestInfo(headOf(requestLine, "Host: h:81", ...lines), origin);
}

/** A request whose content is `chunks`. */
function requestWith(chunks: readonly string[], requestLine = "POST /x?y HTTP/1.1", secure = false): HttpRequest {
  const body = new RequestBody(() => {});
  for (const chunk of chunks) {
    body.content(Buffer.from(chunk));
  }
  body.complete(Fields.empty);
  return new HttpRequest(headOf(requestLine, "Host: h:81", "X-A: 1", "X-A: 2"), { ...origin, secure }, body);
}

const targets: readonly [
  title: string,
  requestLine: string,
  host: string,
  target: string,
  path: string,
  query: string,
][] = [
  ["origin-form", "GET /a/b?c=d?e HTTP/1.1", "h:81", "/a/b?c=d?e", "/a/b", "c=d?e"],
  ["origin-form without a query", "GET /a HTTP/1.1", "h:81", "/a", "/a", ""],
  ["origin-form with an empty query", "GET /a? HTTP/1.1", "h:81", "/a?", "/a", ""],
  ["origin-form that looks like an authority", "GET //a/b HTTP/1.1", "h:81", "//a/b", "//a/b", ""],
  ["origin-form with a URL in it", "GET /?u=http://x/y HTTP/1.1", "h:81", "/?u=http://x/y", "/", "u=http://x/y"],
  ["absolute-form", "GET http://o:82/a?b HTTP/1.1", "o:82", "/a?b", "/a", "b"],
  ["absolute-form without a path", "GET http://o HTTP/1.1", "o", "/", "/", ""],
  ["absolute-form with a query and no path", "GET http://o?b/c HTTP/1.1", "o", "/?b/c", "/", "b/c"],
  ["absolute-form of IPv6", "GET http://[::1]:82/a HTTP/1.1", "[::1]:82", "/a", "/a", ""],
  ["asterisk-form", "OPTIONS * HTTP/1.1", "h:81", "*", "*", ""],
];

describe("RequestInfo", () => {
  for (const [title, requestLine, host, target, path, query] of targets) {
    it(`RFC 9112 section 3.2: ${title}: ${requestLine}`, () => {
      const info = infoOf(requestLine);
      expect([info.host, info.target, info.path, info.query]).to.deep.equal([host, target, path, query]);
    });
  }

  it("shows method, version, fields and peer as they are", () => {
    const info = infoOf("PATCH / HTTP/1.1", "X-A: 1");
    expect([info.method, info.httpVersion, info.headers.get("x-a")]).to.deep.equal(["PATCH", "1.1", "1"]);
    expect([info.peer, info.secure]).to.deep.equal([origin.peer, false]);
  });

  it("RFC 9112 section 3.2: HTTP/1.0 may come without a host", () => {
    const info = new RequestInfo(headOf("GET / HTTP/1.0"), origin);
    expect([info.httpVersion, info.host]).to.deep.equal(["1.0", ""]);
  });

  it("RFC 9110 section 7.8: the offers, in the client's order", () => {
    const info = infoOf("GET / HTTP/1.1", "Connection: x, Upgrade", "Upgrade: b/1, a", "Upgrade: c");
    expect(info.offers).to.deep.equal(["b/1", "a", "c"]);
  });

  for (const [title, line, version] of [
    ["without the option in Connection", "Connection: x", "1.1"],
    ["over HTTP/1.0", "Connection: upgrade", "1.0"],
  ] as const) {
    it(`RFC 9110 section 7.8: ${title} there are no offers`, () => {
      expect(infoOf(`GET / HTTP/${version}`, line, "Upgrade: a").offers).to.deep.equal([]);
    });
  }

  it("its signal is aborted with the reason, whenever it is asked for", () => {
    const [early, late] = [infoOf("GET / HTTP/1.1"), infoOf("GET / HTTP/1.1")];
    const reason = new Error("gone");
    const signal = early.signal;
    expect([signal.aborted, early.signal === signal]).to.deep.equal([false, true]);
    early.abandon(() => reason);
    late.abandon(() => reason);
    expect([signal.aborted, signal.reason]).to.deep.equal([true, reason]);
    expect([late.signal.aborted, late.signal.reason]).to.deep.equal([true, reason]);
  });

  it("makes no reason for a signal that nobody has asked for", () => {
    infoOf("GET / HTTP/1.1").abandon(() => {
      throw new Error("a reason was made");
    });
  });
});

describe("HttpRequest", () => {
  it("gives its content as bytes, text and JSON", async () => {
    expect((await requestWith(["a", "b"]).bytes()).toString()).to.equal("ab");
    expect(await requestWith(["\u00e9\u20ac"]).text()).to.equal("é€");
    expect(await requestWith(['{"a":', "[1]}"]).json()).to.deep.equal({ a: [1] });
  });

  it("text is decoded whole, also where a character is cut", async () => {
    const body = new RequestBody(() => {});
    for (const byte of Buffer.from("é€")) {
      body.content(Buffer.from([byte]));
    }
    body.complete(Fields.empty);
    expect(await new HttpRequest(headOf("POST / HTTP/1.1", "Host: h"), origin, body).text()).to.equal("é€");
  });

  it("json rejects with a SyntaxError where the content is none", async () => {
    expect(await rejectionOf(requestWith(["{"]).json())).to.be.instanceOf(SyntaxError);
  });

  for (const read of ["bytes", "text", "json"] as const) {
    it(`RFC 9110 section 15.5.14: ${read}(max) is a 413 beyond its bound, and not at it`, async () => {
      await requestWith(["[", "12]"])[read](4);
      expect(await rejectionOf(requestWith(["[", "12]"])[read](3))).to.include({
        name: "PeerError",
        code: "ERR_TURNOUT_CONTENT_TOO_LARGE",
        status: 413,
      });
    });
  }
});

describe("toWeb", () => {
  it("has method, URL, fields and content", async () => {
    const request = requestWith(["a", "b"]).toWeb();
    expect([request.method, request.url]).to.deep.equal(["POST", "http://h:81/x?y"]);
    expect(request.headers.get("x-a")).to.equal("1, 2");
    expect(await request.text()).to.equal("ab");
  });

  it("streams the content while it comes", async () => {
    let wanted = 0;
    const body: RequestBody = new RequestBody(() => {
      wanted++;
      if (wanted === 1) {
        body.content(Buffer.from("one"));
      } else {
        body.content(Buffer.from("two"));
        body.complete(Fields.empty);
      }
    });
    const request = new HttpRequest(headOf("PUT / HTTP/1.1", "Host: h"), origin, body).toWeb();
    const seen: string[] = [];
    for await (const chunk of request.body!) {
      seen.push(Buffer.from(chunk).toString());
    }
    expect(seen).to.deep.equal(["one", "two"]);
  });

  it("a failure of the content fails the web's body", async () => {
    const body = new RequestBody(() => {});
    const request = new HttpRequest(headOf("PUT / HTTP/1.1", "Host: h"), origin, body).toWeb();
    const reason = new Error("gone");
    body.fail(reason);
    expect(await rejectionOf(request.text())).to.equal(reason);
  });

  it("is of https over TLS", () => {
    expect(requestWith([], "POST / HTTP/1.1", true).toWeb().url).to.equal("https://h:81/");
  });

  it("RFC 9110 section 9.3: GET and HEAD are without content there", () => {
    expect(requestWith(["a"], "GET / HTTP/1.1").toWeb().body).to.equal(null);
    expect(requestWith(["a"], "HEAD / HTTP/1.1").toWeb().body).to.equal(null);
  });

  it("without a host it is of localhost", () => {
    expect(new HttpRequest(headOf("GET /a HTTP/1.0"), origin, RequestBody.empty).toWeb().url).to.equal(
      "http://localhost/a",
    );
  });

  it("RFC 9112 section 3.2.2: an absolute-form target is the URL", () => {
    expect(requestWith([], "GET http://o:82/a?b HTTP/1.1").toWeb().url).to.equal("http://o:82/a?b");
  });

  it("RFC 9112 section 3.2.4: the host of OPTIONS * stays what it is", () => {
    const request = new HttpRequest(headOf("OPTIONS * HTTP/1.1", "Host: h"), origin, RequestBody.empty).toWeb();
    expect(new URL(request.url).host).to.equal("h");
  });

  it("its signal is the request's", () => {
    const request = requestWith([]);
    const web = request.toWeb();
    request.abandon(() => new Error("gone"));
    expect(web.signal.aborted).to.equal(true);
  });
});

describe("OriginalRequest", () => {
  it("has the content and the trailers", () => {
    const trailers = Fields.from([["X-Sum", "9"]]);
    const request = new OriginalRequest(headOf("POST /x HTTP/1.1", "Host: h"), origin, Buffer.from("ab"), trailers);
    expect([request.target, request.body.toString(), request.trailers.get("x-sum")]).to.deep.equal(["/x", "ab", "9"]);
  });
});
