import { assert, expect } from "chai";
import { upgradeRequired } from "turnout";
import {
  type ComposedResponse,
  composeResponse,
  headText,
  type ResponseFacts,
  type ResponseLike,
  switchText,
} from "../../../lib/http/response.ts";

const facts: ResponseFacts = {
  method: "GET",
  minorVersion: 1,
  trails: true,
  close: false,
  advertise: "",
  required: "",
};

/** What is composed, and its head as HTTP/1.1 says it. */
const compose = (response: ResponseLike, more: Partial<ResponseFacts> = {}): ComposedResponse & { head: string } => {
  const composed = composeResponse(response, { ...facts, ...more });
  return { ...composed, head: headText(composed, "DATE", more.minorVersion ?? 1) };
};

async function* stream(): AsyncGenerator<string> {
  yield "x";
}

/** Title, response, facts, the field lines behind Date, and the body that is sent. */
const examples: readonly (readonly [string, ResponseLike, Partial<ResponseFacts>, string, unknown])[] = [
  ["RFC 9110 section 8.6: text has its length", { body: "hello" }, {}, "Content-Length: 5\r\n", "hello"],
  ["no body is a length of 0", {}, {}, "Content-Length: 0\r\n", ""],
  ["null is no body", { body: null }, {}, "Content-Length: 0\r\n", ""],
  ["text is UTF-8", { body: "é" }, {}, "Content-Length: 2\r\n", Buffer.from("é")],
  ["bytes", { body: Buffer.from([1, 2]) }, {}, "Content-Length: 2\r\n", Buffer.from([1, 2])],
  ["a field of several lines", { headers: { a: ["1", "2"] } }, {}, "a: 1\r\na: 2\r\nContent-Length: 0\r\n", ""],
  ["fields as pairs", { headers: [["a", "1"]] }, {}, "a: 1\r\nContent-Length: 0\r\n", ""],
  ["fields of the web", { headers: new Headers({ A: "1" }) }, {}, "a: 1\r\nContent-Length: 0\r\n", ""],
  ["an empty value", { headers: { a: "" } }, {}, "a: \r\nContent-Length: 0\r\n", ""],
  [
    "RFC 9110 section 9.3.2: HEAD has the length, and no content",
    { body: "hello" },
    { method: "HEAD" },
    "Content-Length: 5\r\n",
    undefined,
  ],
  [
    "HEAD may tell a length of its own",
    { headers: { "Content-Length": "7" } },
    { method: "HEAD" },
    "Content-Length: 7\r\n",
    undefined,
  ],
  ["RFC 9110 section 15.3.5: 204 has neither content nor length", { status: 204, body: "x" }, {}, "", undefined],
  ["RFC 9110 section 15.4.5: 304 has no content", { status: 304, body: "x" }, {}, "", undefined],
  [
    "RFC 9110 section 15.3.6: 205 says that it has no content",
    { status: 205, body: "x" },
    {},
    "Content-Length: 0\r\n",
    undefined,
  ],
  [
    "a length that is right",
    { headers: { "content-length": "5" }, body: "hello" },
    {},
    "Content-Length: 5\r\n",
    "hello",
  ],
  ["RFC 9112 section 9.6: close", {}, { close: true }, "Content-Length: 0\r\nConnection: close\r\n", ""],
  [
    "the application closes",
    { headers: { Connection: "close" } },
    {},
    "Content-Length: 0\r\nConnection: close\r\n",
    "",
  ],
  [
    "RFC 9112 section 9.3: HTTP/1.0 that stays",
    {},
    { minorVersion: 0 },
    "Content-Length: 0\r\nConnection: keep-alive\r\n",
    "",
  ],
  [
    "RFC 9110 section 7.6.1: fields of the connection are the core's",
    {
      headers: {
        Connection: "keep-alive",
        "Keep-Alive": "timeout=5",
        "Transfer-Encoding": "chunked",
        Upgrade: "x",
        Date: "y",
      },
    },
    {},
    "Content-Length: 0\r\n",
    "",
  ],
  [
    "RFC 9110 section 7.8: advertising",
    {},
    { advertise: "a/1, b" },
    "Content-Length: 0\r\nUpgrade: a/1, b\r\nConnection: Upgrade\r\n",
    "",
  ],
  [
    "advertising with close",
    {},
    { advertise: "a", close: true },
    "Content-Length: 0\r\nUpgrade: a\r\nConnection: Upgrade, close\r\n",
    "",
  ],
  ["no advertising in a 204", { status: 204 }, { advertise: "a" }, "", undefined],
  [
    "RFC 9110 section 15.5.22: 426 names the protocols",
    upgradeRequired("a/1", "b"),
    {},
    "content-type: text/plain; charset=utf-8\r\nContent-Length: 25\r\nUpgrade: a/1, b\r\nConnection: Upgrade\r\n",
    "Upgrade Required: a/1, b\n",
  ],
  [
    "426 that names none names all",
    { status: 426 },
    { required: "a, b" },
    "Content-Length: 17\r\nUpgrade: a, b\r\nConnection: Upgrade\r\n",
    "Upgrade Required\n",
  ],
];

describe("composing a response", () => {
  for (const [title, response, more, lines, body] of examples) {
    it(title, () => {
      const composed = compose(response, more);
      assert.equal(composed.head.replace(/^HTTP\/1\.1 \d{3} [^\r]*\r\nDate: DATE\r\n/, ""), `${lines}\r\n`);
      assert.deepEqual(composed.body, body as ComposedResponse["body"]);
      assert.equal(composed.close, /Connection: (?:Upgrade, )?close/.test(lines));
      assert.equal(composed.upgrade !== "", lines.includes("Upgrade: "));
    });
  }

  it("the status line has the status and its reason, or none where it has none", () => {
    assert.match(compose({ status: 404 }).head, /^HTTP\/1\.1 404 Not Found\r\n/);
    assert.match(compose({ status: 413 }).head, /^HTTP\/1\.1 413 Content Too Large\r\n/);
    assert.match(compose({ status: 299 }).head, /^HTTP\/1\.1 299 \r\n/);
  });

  it("RFC 9112 section 6.3: a stream is chunked, has the length that is given, or ends with an HTTP/1.0 connection", () => {
    const chunked = compose({ body: stream() });
    assert.include(chunked.head, "\r\nTransfer-Encoding: chunked\r\n");
    assert.equal(chunked.framing, "chunked");
    const stated = compose({ body: stream(), headers: { "Content-Length": "1" } });
    assert.include(stated.head, "\r\nContent-Length: 1\r\n");
    assert.equal(stated.framing, 1);
    const old = compose({ body: stream() }, { minorVersion: 0 });
    assert.equal(old.framing, "close");
    assert.isTrue(old.close);
    assert.notMatch(old.head, /content-length|transfer-encoding/i);
    const oldHead = compose({ body: stream() }, { minorVersion: 0, method: "HEAD" });
    assert.isFalse(oldHead.close);
  });

  const refused: readonly (readonly [string, ResponseLike])[] = [
    ["a 101: only the core switches protocols", { status: 101 }],
    ["another interim status", { status: 103 }],
    ["a status above 599", { status: 600 }],
    ["a status that is no whole number", { status: 200.5 }],
    ["RFC 9112 section 11.1: a CR in a value", { headers: { a: "b\rc" } }],
    ["an LF in a value", { headers: { a: "b\nSet-Cookie: c" } }],
    ["a NUL in a value", { headers: { a: "b\0" } }],
    ["white space around a value", { headers: { a: " b" } }],
    ["a character that is no byte", { headers: { a: "\u0100" } }],
    ["a name that is no token", { headers: { "a b": "c" } }],
    ["an empty name", { headers: [["", "c"]] }],
    ["a value that is no text", { headers: [["a", 1 as unknown as string]] }],
    ["a length that is wrong", { headers: { "Content-Length": "4" }, body: "hello" }],
    ["a length that is no number", { headers: { "Content-Length": "+5" }, body: "hello" }],
    ["two lengths", { headers: { "Content-Length": ["5", "5"] }, body: "hello" }],
    ["a 426 with nothing to name", { status: 426 }],
    ["a 426 whose protocols cannot be sent", { status: 426, headers: { upgrade: "a\n" } }],
  ];
  for (const [title, response] of refused) {
    it(`refuses ${title}`, () => {
      expect(() => compose(response))
        .to.throw()
        .with.property("code", "ERR_TURNOUT_RESPONSE");
    });
  }
});

describe("composing a 101", () => {
  it("RFC 9110 section 15.2.2: names the protocols, and has the module's fields", () => {
    assert.equal(
      switchText("TLS/1.2, HTTP/1.1", { "X-A": "1" }),
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\nX-A: 1\r\n\r\n",
    );
  });

  for (const name of ["Upgrade", "connection", "Content-Length", "Transfer-Encoding", "Keep-Alive", "a b"]) {
    it(`refuses the field ${name}`, () => {
      expect(() => switchText("a", { [name]: "1" }))
        .to.throw()
        .with.property("code", "ERR_TURNOUT_RESPONSE");
    });
  }
});
