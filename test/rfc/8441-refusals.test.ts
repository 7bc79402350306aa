import type { OutgoingHttpHeaders } from "node:http2";
import { expect } from "chai";
import {
  type Answered,
  decline,
  type OriginalRequest,
  ProtocolModule,
  reject,
  switchTo,
  type Transport,
} from "turnout";
import { EchoProtocol } from "turnout/echo";
import { Http2Protocol } from "turnout/http2";
import type { WebSocketOptions } from "turnout/websocket";
import { code, dataOn, type FieldList, requestOn } from "../support/http2-frames.ts";
import { openHttp2 } from "../support/http2-raw.ts";
import { ask, servingHttp2 } from "../support/http2-serving.ts";
import { connectOver, echoingOverHttp2 } from "../support/http2-web-sockets.ts";

/** An extended CONNECT that is answered with `status`; a WebSocket can be opened on the same session afterwards. */
function refused(
  title: string,
  status: number,
  fields: OutgoingHttpHeaders,
  options: WebSocketOptions<undefined> = {},
  answer: Readonly<Record<string, string>> = {},
): void {
  it(title, () =>
    echoingOverHttp2(options, async ({ session, open, server }) => {
      const http2 = session();
      const { headers } = await connectOver(http2, fields);
      expect(headers[":status"]).to.equal(status);
      expect([headers["upgrade"], headers["connection"], headers["sec-websocket-accept"]]).to.deep.equal([
        undefined,
        undefined,
        undefined,
      ]);
      expect(headers).to.include(answer);
      expect(server.stats().switched["websocket"]).to.equal(undefined);
      if (options.accept === undefined) {
        await open(http2);
      }
      expect((await ask(http2)).status).to.equal(200);
    }),
  );
}

describe("RFC 8441 section 5, RFC 6455 section 4.2: handshakes that are refused", () => {
  refused("T-79 RFC 6455 section 10.2: a foreign Origin: 403", 403, { origin: "http://evil.example" });
  refused("T-79 RFC 6455 section 10.2: an Origin like it: 403", 403, { origin: "http://h.evil.example" });
  refused(
    "T-78 RFC 6455 section 4.4: another version: 426, which names it, and no Upgrade",
    426,
    { "sec-websocket-version": "8" },
    {},
    { "sec-websocket-version": "13" },
  );
  refused(
    "T-78 RFC 6455 section 4.4: no version: 426",
    426,
    { "sec-websocket-version": undefined },
    {},
    { "sec-websocket-version": "13" },
  );
  refused("T-80 RFC 6455 section 4.1: a subprotocol twice: 400", 400, { "sec-websocket-protocol": "a, a" });
  refused("RFC 6455 section 9.1: malformed extensions: 400", 400, { "sec-websocket-extensions": "a;;b" });
  refused(
    "RFC 6455 section 4.2.2: accept rejects: 401",
    401,
    {},
    { accept: () => reject(401, "who?\n", { headers: { "WWW-Authenticate": "Own" } }) },
    { "www-authenticate": "Own" },
  );
  refused(
    "RFC 6455 section 4.2.2: accept redirects: 302",
    302,
    {},
    { accept: () => reject(302, "", { headers: { Location: "/b" } }) },
    { location: "/b" },
  );
  refused(
    "T-58: accept throws: 500",
    500,
    {},
    {
      accept: () => {
        throw new Error("no");
      },
    },
  );
  refused("T-82 RFC 9220 section 3: an unknown :protocol: 501", 501, { ":protocol": "unknown" });
  refused("T-82 RFC 9220 section 3: connect-udp, which nobody speaks here: 501", 501, { ":protocol": "connect-udp" });
  refused("T-82 RFC 9220 section 3: h2c is not spoken over a stream: 501", 501, { ":protocol": "h2c" });

  it("T-79 RFC 6455 section 10.2: the same Origin is let in", () =>
    echoingOverHttp2({}, async ({ session, open }) => {
      await open(session(), { origin: "https://example.org", ":authority": "example.org" });
    }));

  it("RFC 9110 section 7.8: accept declines: the application answers as if it were a request of no protocol", () =>
    echoingOverHttp2(
      { accept: () => decline() },
      async ({ session }) => {
        const { headers } = await connectOver(session());
        expect(headers[":status"]).to.equal(404);
      },
      { respond: () => ({ status: 404 }) },
    ));

  it("T-57: accept never settles: 503, and the session goes on", () =>
    echoingOverHttp2(
      { accept: () => new Promise(() => {}) },
      async ({ session, faults }) => {
        const http2 = session();
        expect((await connectOver(http2)).headers[":status"]).to.equal(503);
        expect(faults.map((fault) => fault.code)).to.deep.equal(["ERR_TURNOUT_ACCEPT_TIMEOUT"]);
        expect((await ask(http2)).status).to.equal(200);
      },
      { timeouts: { acceptMs: 50 } },
    ));

  it("T-55: the client aborts while accept is pending: its signal is aborted, and what it says later is dropped", () => {
    let signal: AbortSignal | undefined;
    let settle = (): void => {};
    return echoingOverHttp2(
      {
        accept: (offer) => {
          signal = offer.signal;
          return new Promise((resolve) => {
            settle = () => resolve(decline());
          });
        },
      },
      async ({ connect, server, faults }) => {
        const http2 = openHttp2(await connect(), requestOn(1, connectFields, false));
        await http2.ping();
        await http2.ping();
        expect(signal?.aborted).to.equal(false);
        http2.send(Buffer.from([0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, code.cancel]));
        await http2.ping();
        await http2.ping();
        expect(signal?.aborted).to.equal(true);
        settle();
        http2.send(requestOn(3));
        expect((await http2.answerOn(3)).status).to.equal(200);
        expect([server.stats().answered, faults]).to.deep.equal([{ 200: 1 }, []]);
      },
    );
  });
});

const connectFields: FieldList = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "http"],
  [":path", "/chat"],
  [":authority", "h"],
  ["sec-websocket-version", "13"],
];

/** T-83: what is no extended CONNECT is reset, and the connection goes on. */
function malformed(title: string, fields: FieldList): void {
  it(title, () =>
    echoingOverHttp2({}, async ({ connect, server, faults }) => {
      const http2 = openHttp2(await connect(), requestOn(1, fields, false));
      expect((await http2.answerOn(1)).reset).to.equal(code.protocolError);
      http2.send(requestOn(3));
      expect((await http2.answerOn(3)).status).to.equal(200);
      expect([server.stats().switched["websocket"], faults]).to.deep.equal([undefined, []]);
    }),
  );
}

describe("RFC 8441 section 4: what is no extended CONNECT", () => {
  const without = (name: string): FieldList => connectFields.filter(([one]) => one !== name);
  malformed("T-83: no :path", without(":path"));
  malformed("T-83: no :scheme", without(":scheme"));
  malformed("T-83: no :authority", without(":authority"));
  malformed("T-83: :protocol twice", [...connectFields.slice(0, 2), ...connectFields.slice(1)]);
  malformed("T-83: an Upgrade field", [...connectFields, ["upgrade", "websocket"]]);
  malformed("T-83: a Connection field", [...connectFields, ["connection", "upgrade"]]);
  malformed("T-83: :protocol with GET", [[":method", "GET"], ...connectFields.slice(1)]);
});

/** A module that speaks over streams, or does not. */
class Own extends ProtocolModule {
  readonly tokens: readonly string[] = ["own/1"];
  override readonly overHttp2: boolean;

  constructor(overHttp2: boolean) {
    super();
    this.overHttp2 = overHttp2;
  }

  override accept() {
    return switchTo(undefined, { headers: { "x-own": "1" } });
  }

  takeOver(request: OriginalRequest, transport: Transport<undefined>): Answered {
    transport.onData = (chunk) => void transport.write(chunk);
    return transport.answer(
      `${transport.token} ${request.method} ${request.target} ${transport.socket === undefined}\r\n`,
    );
  }
}

describe("RFC 8441 section 4: modules of any kind", () => {
  it("T-82: a module without overHttp2: 501", () =>
    servingHttp2(
      async ({ session, server }) => {
        const http2 = session();
        for (const protocol of ["own/1", "echo/1"]) {
          expect((await connectOver(http2, { ":protocol": protocol })).headers[":status"]).to.equal(501);
        }
        expect(server.stats().switched).to.deep.equal({ h2: { open: 1, total: 1 } });
      },
      { protocols: [new Http2Protocol(), new Own(false), new EchoProtocol()] },
    ));

  it("T-81: a module with overHttp2: its fields with the 200, its answer first, and both ends", () =>
    servingHttp2(
      async ({ connect, server, faults }) => {
        const fields = connectFields.map(([name, value]): [string, string] => [
          name,
          name === ":protocol" ? "own/1" : value,
        ]);
        const http2 = openHttp2(
          await connect(),
          requestOn(1, fields, false),
          dataOn(1, "early"),
          dataOn(1, "late", true),
        );
        expect(await http2.answerOn(1)).to.deep.equal({
          status: 200,
          body: "own/1 CONNECT /chat true\r\nearlylate",
          reset: undefined,
        });
        expect([server.stats().switched["own/1"], faults]).to.deep.equal([{ open: 0, total: 1 }, []]);
      },
      { protocols: [new Http2Protocol(), new Own(true)] },
    ));

  it("T-25: a module that gives no receipt: a fault, and the session goes on", () => {
    class Forgetful extends Own {
      override takeOver(): Answered {
        return undefined as unknown as Answered;
      }
    }
    return servingHttp2(
      async ({ connect, server, faults }) => {
        const fields = connectFields.map(([name, value]): [string, string] => [
          name,
          name === ":protocol" ? "own/1" : value,
        ]);
        const http2 = openHttp2(await connect(), requestOn(1, fields, false));
        http2.send(requestOn(3));
        expect((await http2.answerOn(3)).status).to.equal(200);
        expect(faults.map((fault) => fault.code)).to.deep.equal(["ERR_TURNOUT_NOT_ANSWERED"]);
        expect(server.stats().unanswered).to.equal(1);
      },
      { protocols: [new Http2Protocol(), new Forgetful(true)] },
    );
  });
});
