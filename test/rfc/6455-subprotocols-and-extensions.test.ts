import { expect } from "chai";
import { admit, type WebSocketOptions } from "turnout/websocket";
import { expectOrdinary, getTwo } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { echoing, type HandshakeFields, openingHandshake, openWebSocket } from "../support/websocket-frames.ts";

const field = "Sec-WebSocket-Protocol";

/** The 101 names `subprotocol`, or none, and so does the socket. */
function agrees(
  title: string,
  options: WebSocketOptions<undefined>,
  offered: HandshakeFields[string],
  subprotocol: string | undefined,
): void {
  it(title, async () => {
    const seen: string[] = [];
    await echoing({ ...options, open: (socket) => void seen.push(socket.subprotocol) }, async ({ connect }) => {
      const response = await openWebSocket(await connect(), { [field]: offered });
      expect(response.field(field)).to.equal(subprotocol);
    });
    expect(seen).to.deep.equal([subprotocol ?? ""]);
  });
}

/** The handshake with these fields is refused with a 400, and the connection stays usable. */
function malformed(title: string, fields: HandshakeFields, options: WebSocketOptions<undefined> = {}): void {
  it(title, () =>
    echoing(
      options,
      async ({ connect, server }) => {
        const client = (await connect()).send(openingHandshake(fields));
        const response = await client.response();
        expect([response.status, ...response.all("upgrade"), ...response.all("connection")]).to.deep.equal([400]);
        await expectOrdinary(client.send(getTwo), "two");
        expect(server.stats().switched).to.deep.equal({});
      },
      { respond: () => ({ body: "two\n" }) },
    ),
  );
}

/** What the application decides is refused: 500 and a fault, and no 101. */
function faulty(title: string, options: WebSocketOptions<undefined>, fields: HandshakeFields, cause: string): void {
  it(title, () =>
    echoing(options, async ({ connect, server, faults }) => {
      const response = await (await connect()).send(openingHandshake(fields)).response();
      expect([response.status, ...response.all("upgrade"), ...response.all(field)]).to.deep.equal([500]);
      expect(faults.map((fault) => [fault.code, codeOf(fault.cause)])).to.deep.equal([["ERR_TURNOUT_MODULE", cause]]);
      expect(server.stats().switched).to.deep.equal({});
    }),
  );
}

const spoken: WebSocketOptions<undefined> = { subprotocols: ["chat.v2", "chat.v1"] };

describe("RFC 6455 sections 4.1 (10), 4.2.2 (5.5) and 1.9: subprotocols", () => {
  agrees("RFC 6455 section 4.2.2 (5.5): the client's order decides", spoken, "chat.v1, chat.v2", "chat.v1");
  agrees("RFC 6455 section 4.2.2 (5.5): the first that is spoken", spoken, "chat.v9, chat.v2,chat.v1", "chat.v2");
  agrees("RFC 6455 section 11.3.4: over several lines", spoken, ["chat.v9", "chat.v1, chat.v2"], "chat.v1");
  agrees("RFC 6455 section 4.2.2 (5.5): none of them is spoken: no field", spoken, "chat.v9", undefined);
  agrees("RFC 6455 section 4.2.2 (5.5): none is offered: no field", spoken, undefined, undefined);
  agrees("RFC 6455 section 4.2.2 (5.5): none is spoken at all: no field", {}, "chat.v1", undefined);
  agrees("RFC 6455 section 4.2.2 (5.5): names are compared with their case", spoken, "CHAT.V1, Chat.v2", undefined);
  agrees("RFC 9110 section 5.6.1.2: empty members are ignored", spoken, ", chat.v1,,\tchat.v2 ,", "chat.v1");
  agrees(
    "RFC 6455 section 4.1 (10): any token",
    { subprotocols: ["!#$%&'*+-.^_`|~9aZ"] },
    "!#$%&'*+-.^_`|~9aZ",
    "!#$%&'*+-.^_`|~9aZ",
  );

  const choosing = (subprotocol: string): WebSocketOptions<undefined> => ({
    ...spoken,
    accept: () => admit(undefined, { subprotocol }),
  });
  agrees("RFC 6455 section 4.2.2 (5.5): the application's choice", choosing("chat.v1"), "chat.v2, chat.v1", "chat.v1");
  agrees("RFC 6455 section 4.2.2 (5.5): of one that no option names", choosing("own"), "chat.v2, own", "own");
  agrees("RFC 6455 section 4.2.2 (5.5): of none", choosing(""), "chat.v2, chat.v1", undefined);

  it("RFC 6455 section 4.1 (10): the application is told what was offered, in its order", async () => {
    const offers: (readonly string[])[] = [];
    const accept: WebSocketOptions<undefined>["accept"] = (offer) => {
      offers.push(offer.subprotocols);
      return admit();
    };
    await echoing({ accept }, async ({ connect }) => {
      await openWebSocket(await connect(), { [field]: ["b, a", "c"] });
      await openWebSocket(await connect());
    });
    expect(offers).to.deep.equal([["b", "a", "c"], []]);
  });

  for (const subprotocol of ["chat.v3", "CHAT.V1", "chat.v1, chat.v2", "chat.v1\r\nX-Injected: 1"]) {
    faulty(
      `T-80 RFC 6455 section 4.2.2 (5.5): the application chooses ${JSON.stringify(subprotocol)}, which was not offered`,
      choosing(subprotocol),
      { [field]: "chat.v2, chat.v1" },
      "ERR_TURNOUT_DECISION",
    );
  }
  faulty(
    "T-80 RFC 6455 section 4.2.2 (5.5): the application chooses one, and none was offered",
    choosing("chat.v1"),
    {},
    "ERR_TURNOUT_DECISION",
  );

  for (const list of [
    "",
    ",",
    " , ,",
    "a b",
    "a;b",
    "a=b",
    '"a"',
    "a/b",
    "(a)",
    "a@b",
    "a, b c",
    "a,{b}",
    "caf\xe9",
    "a, \x80",
    "a, \xa0b",
    "\xa0a",
  ]) {
    malformed(`RFC 6455 section 4.1 (10): ${JSON.stringify(list)} is no list of tokens`, { [field]: list }, spoken);
  }
  for (const list of ["a, a", "a,b,a", "chat.v1, chat.v1", ["a", "a"]]) {
    malformed(`RFC 6455 section 4.1 (10): ${JSON.stringify(list)} names one twice`, { [field]: list }, spoken);
  }
});

describe("RFC 6455 section 9.1: extensions", () => {
  const extensions = "Sec-WebSocket-Extensions";

  for (const [how, options] of [
    ["without compression", {}],
    ["with compression", { perMessageDeflate: true }],
  ] as const) {
    for (const list of [
      "",
      ",",
      ";",
      "a;",
      "a;;b",
      "a; b=",
      "a; =b",
      "=a",
      "a b",
      "a, b c",
      "a; b c",
      "a; b=c d",
      'a; b="c',
      'a; b="c d"',
      'a; b=""',
      'a; b="c"d',
      "a/b",
      "permessage-deflate; client_max_window_bits=",
      "permessage-deflate, caf\xe9",
    ]) {
      malformed(`RFC 6455 section 9.1 (MUST): ${JSON.stringify(list)} (${how})`, { [extensions]: list }, options);
    }
  }

  for (const list of [
    "foo",
    "foo, bar; baz=2",
    'foo; bar="baz"',
    'foo; bar="b\\az"',
    "foo ; bar = baz , ,foo;bar",
    "permessage-deflate; client_max_window_bits",
    ["foo", "bar; baz"],
    "x-webkit-deflate-frame",
  ]) {
    it(`T-80 RFC 6455 sections 9.1 and 4.2.2 (5.6): ${JSON.stringify(list)} is offered, none is spoken: no field`, () =>
      echoing({}, async ({ connect }) => {
        const response = await openWebSocket(await connect(), { [extensions]: list });
        expect(response.all(extensions)).to.deep.equal([]);
      }));
  }

  for (const offered of [undefined, "foo"]) {
    faulty(
      `T-80 RFC 6455 section 4.2.2 (5.6): the application chooses an extension, where ${offered ?? "none"} was offered`,
      { accept: () => admit(undefined, { headers: { [extensions]: "foo" } }) },
      { [extensions]: offered },
      "ERR_TURNOUT_RESPONSE",
    );
  }
});

describe("RFC 6455 section 4.2.2: further fields of the 101", () => {
  for (const [how, headers] of [
    ["a record", { "X-A": "b", "Set-Cookie": ["c=1", "d=2"] }],
    [
      "a list",
      [
        ["X-A", "b"],
        ["Set-Cookie", "c=1"],
        ["Set-Cookie", "d=2"],
      ],
    ],
    [
      "Headers",
      new Headers([
        ["X-A", "b"],
        ["Set-Cookie", "c=1"],
        ["Set-Cookie", "d=2"],
      ]),
    ],
  ] as const) {
    it(`RFC 6455 section 4.2.2 (5): the application's, as ${how}`, () =>
      echoing({ accept: () => admit(undefined, { headers }) }, async ({ connect }) => {
        const response = await openWebSocket(await connect());
        expect(response.field("x-a")).to.equal("b");
        expect(response.all("set-cookie")).to.deep.equal(["c=1", "d=2"]);
        expect(response.field("upgrade")).to.equal("websocket");
      }));
  }

  for (const name of [
    "Sec-WebSocket-Accept",
    "sec-websocket-protocol",
    "Sec-WebSocket-Extensions",
    "SEC-WEBSOCKET-VERSION",
    "Sec-WebSocket-Key",
    "Upgrade",
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
  ]) {
    faulty(
      `T-80 RFC 6455 section 4.2.2 (5): ${name} is not the application's to say`,
      { accept: () => admit(undefined, { headers: { [name]: "1" } }) },
      {},
      "ERR_TURNOUT_RESPONSE",
    );
  }

  faulty(
    "RFC 9110 section 5.5: a field that would be two",
    { accept: () => admit(undefined, { headers: { "X-A": "b\r\nX-B: c" } }) },
    {},
    "ERR_TURNOUT_RESPONSE",
  );
});
