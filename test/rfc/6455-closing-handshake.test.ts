import { expect } from "chai";
import { UsageError } from "turnout";
import type { ServerWebSocket, WebSocketOptions } from "turnout/websocket";
import { deliveries } from "../support/cuts.ts";
import { deliver } from "../support/every-delivery.ts";
import { gate, turns } from "../support/exchanges.ts";
import {
  clientFrame,
  closeFrame,
  closePayload,
  echoing,
  inWords,
  masked,
  opcode,
  refuses,
  takeFrame,
  wordsIn,
} from "../support/websocket-frames.ts";

const { text, close, ping } = opcode;
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");

/** However the Close frame is cut, it is answered with `answer`, and the `close` callback is told this. */
function closes(title: string, frame: Buffer, answer: string, code: number, reason = ""): void {
  it(title, async function () {
    this.timeout(30_000);
    await echoing({}, async ({ open, sockets, nextClosing, server }) => {
      for (const { how, pieces } of deliveries(frame)) {
        const client = await open();
        await deliver(client, sockets.at(-1)!, pieces);
        expect(wordsIn(await client.rest()), how).to.deep.equal([answer]);
        client.end();
        expect(await nextClosing(), how).to.deep.equal({ code, reason, error: undefined });
      }
      expect(server.stats().refused).to.deep.equal({});
    });
  });
}

describe("RFC 6455 sections 5.5.1 and 7.4: the client's Close frame", () => {
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
    closes(`RFC 6455 sections 5.5.1, 7.4: ${code} is echoed`, closeFrame(code), `close ${code}`, code);
  }
  closes("RFC 6455 sections 5.5.1, 7.1.5: without a code: neither has the answer", clientFrame(close), "close", 1005);
  closes("RFC 6455 section 7.1.6: a reason", closeFrame(1000, "bye, 😀"), "close 1000", 1000, "bye, 😀");
  closes("RFC 6455 section 5.5.1: a masked Close, in bytes", hex("88 82 37fa213d 3412"), "close 1000", 1000);

  for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65_535]) {
    refuses(`RFC 6455 section 7.4: ${code} must not be sent`, closeFrame(code), 1002, "ERR_TURNOUT_WEBSOCKET_CLOSE");
  }
  refuses("RFC 6455 section 5.5.1: half a code", clientFrame(close, hex("03")), 1002, "ERR_TURNOUT_WEBSOCKET_CLOSE");
  refuses(
    "RFC 6455 section 7.4: a code that must not be sent, with a reason",
    closeFrame(1005, "because"),
    1002,
    "ERR_TURNOUT_WEBSOCKET_CLOSE",
  );
  for (const reason of ["ff", "c080", "eda080", "f4908080", "6162e282", "c3"]) {
    refuses(
      `RFC 6455 sections 5.5.1, 8.1: ${reason} is no reason in UTF-8`,
      closeFrame(1000, hex(reason)),
      1007,
      "ERR_TURNOUT_WEBSOCKET_UTF8",
    );
  }

  it("RFC 6455 section 5.5.1: whatever comes behind it is nothing", async () => {
    const told: unknown[] = [];
    const tell = (_socket: unknown, what: unknown): void => void told.push(what);
    await echoing({ message: tell, pong: tell }, async ({ open, nextClosing, server }) => {
      const client = await open({}, closeFrame(1000, "first"));
      const behind = [clientFrame(text, "a"), clientFrame(ping), closeFrame(1001), clientFrame(3), "garbage"];
      for (const bytes of behind) {
        await client.sendSegment(bytes);
      }
      expect(wordsIn(await client.end().rest())).to.deep.equal(["close 1000"]);
      expect(await nextClosing()).to.deep.equal({ code: 1000, reason: "first", error: undefined });
      expect(server.stats().refused).to.deep.equal({});

      const all = Buffer.concat([closeFrame(1000), ...behind.map((bytes) => Buffer.from(bytes as string))]);
      expect(wordsIn(await (await open({}, all)).end().rest())).to.deep.equal(["close 1000"]);
      expect(server.stats().refused).to.deep.equal({});
    });
    expect(told).to.deep.equal([]);
  });
});

describe("RFC 6455 section 5.5.1: Close comes behind all that was said before", () => {
  it("RFC 6455 section 5.5.1: behind echoes and Pongs, small and large", () =>
    echoing({}, async ({ open }) => {
      const large = Buffer.alloc(3_000_000, "0123456789abc");
      const frames = [
        clientFrame(text, "a"),
        clientFrame(opcode.binary, large),
        clientFrame(ping, "p"),
        closeFrame(4000),
      ];
      const client = await open({}, Buffer.concat(frames));
      expect(inWords(await takeFrame(client))).to.equal('text "a"');
      expect((await takeFrame(client)).payload.equals(large)).to.equal(true);
      expect(wordsIn(await client.rest())).to.deep.equal(["pong 70", "close 4000"]);
    }));

  it("RFC 6455 section 5.5.1: behind the answers of a `message` that takes its time", async () => {
    const gates = [gate(), gate(), gate()];
    let asked = 0;
    const message: WebSocketOptions<undefined>["message"] = async (socket, said) => {
      await gates[asked++]!.opened;
      socket.send(`${said}, answered`);
    };
    await echoing({ message }, async ({ open, nextClosing, server }) => {
      const client = await open({}, Buffer.concat(["1", "2", "3"].map((said) => clientFrame(text, said))));
      await client.sendSegment(Buffer.concat([closeFrame(1000, "done"), clientFrame(3)]));
      for (const [index, { open: openGate }] of gates.entries()) {
        await turns(5);
        expect(client.pending).to.equal("");
        openGate();
        expect(inWords(await takeFrame(client))).to.equal(`text "${index + 1}, answered"`);
      }
      expect(wordsIn(await client.end().rest())).to.deep.equal(["close 1000"]);
      expect(await nextClosing()).to.deep.equal({ code: 1000, reason: "done", error: undefined });
      expect(server.stats().refused).to.deep.equal({}); // what came behind the Close is nothing
    });
  });

  it("RFC 6455 section 5.5.1: behind what a loop over the messages answers", async () => {
    const answered = gate();
    const talk = async (socket: ServerWebSocket<undefined>): Promise<void> => {
      for await (const said of socket) {
        await answered.opened;
        socket.send(`${said}, answered`);
      }
    };
    await echoing({ open: (socket) => void talk(socket) }, async ({ open }) => {
      const client = await open({}, clientFrame(text, "1"));
      await client.sendSegment(closeFrame(1000));
      await turns(5);
      expect(client.pending).to.equal("");
      answered.open();
      expect(wordsIn(await client.rest())).to.deep.equal(['text "1, answered"', "close 1000"]);
    });
  });

  it("RFC 6455 section 7.1: a `message` that never answers holds the Close back no longer than `closeMs`", () =>
    echoing({ message: () => new Promise(() => {}), timeouts: { closeMs: 20 } }, async ({ open, nextClosing }) => {
      const client = await open({}, Buffer.concat([clientFrame(text, "1"), closeFrame(1000)]));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
      client.end();
      expect((await nextClosing()).code).to.equal(1000);
    }));
});

/** Keeps the server's end of the socket that is opened. */
class Caught {
  socket!: ServerWebSocket<undefined>;
  readonly options: WebSocketOptions<undefined>;

  constructor(options: WebSocketOptions<undefined> = {}) {
    this.options = {
      ...options,
      open: (socket) => {
        this.socket = socket;
      },
    };
  }
}

describe("RFC 6455 section 7.1.2: the server begins to close", () => {
  it("RFC 6455 sections 7.1.1, 7.1.2: its Close, the client's Close, and only then the end", async () => {
    const caught = new Caught();
    await echoing(caught.options, async ({ open, nextClosing }) => {
      const client = await open();
      caught.socket.send("last");
      caught.socket.close(4001, "enough");
      expect(caught.socket.open).to.equal(false);
      expect(inWords(await takeFrame(client))).to.equal('text "last"');
      const frame = await takeFrame(client);
      expect(frame.payload).to.deep.equal(closePayload(4001, "enough"));
      await turns(10);
      expect([client.stream.readableEnded, client.pending]).to.deep.equal([false, ""]);
      client.send(closeFrame(4001));
      expect(await client.rest()).to.equal("");
      client.end();
      expect(await nextClosing()).to.deep.equal({ code: 4001, reason: "enough", error: undefined });
    });
  });

  it("RFC 6455 sections 5.5.1, 7.1.2: nothing is sent behind its Close, and nothing told but the client's Close", async () => {
    const told: unknown[] = [];
    const caught = new Caught({
      message: (_socket, message) => void told.push(message),
      pong: () => told.push("pong"),
    });
    await echoing(caught.options, async ({ open, nextClosing }) => {
      const client = await open();
      caught.socket.close();
      caught.socket.close(4000);
      caught.socket.ping();
      expect(caught.socket.send("too late")).to.equal(false);
      const late = [clientFrame(text, "a"), clientFrame(ping), clientFrame(opcode.pong), closeFrame(1000)];
      client.send(Buffer.concat(late)).end();
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
      expect(await nextClosing()).to.deep.equal({ code: 1000, reason: "", error: undefined });
    });
    expect(told).to.deep.equal([]);
  });

  it("RFC 6455 section 7.1.5: both begin: each sends one, and the code is the server's that came first", async () => {
    const caught = new Caught();
    await echoing(caught.options, async ({ open, nextClosing }) => {
      const client = await open();
      caught.socket.close(4001);
      client.send(closeFrame(4002)).end();
      expect(wordsIn(await client.rest())).to.deep.equal(["close 4001"]);
      expect((await nextClosing()).code).to.equal(4001);
    });
  });

  it("RFC 6455 section 7.4.1: 1001 when the server closes, and each client's Close ends it", () =>
    echoing({ timeouts: { drainWindowMs: 0 } }, async ({ open, server, nextClosing }) => {
      const clients = [await open(), await open()];
      const closed = server.close({ graceMs: 10_000 });
      for (const client of clients) {
        expect(inWords(await takeFrame(client))).to.equal("close 1001");
        expect(await client.send(closeFrame(1001)).rest()).to.equal("");
        client.end();
        expect((await nextClosing()).code).to.equal(1001);
      }
      expect((await closed).switched).to.deep.equal({ websocket: { closed: 2, destroyed: 0 } });
    }));

  it("RFC 6455 section 7.4.1: 1011 when `message` throws, or its promise is rejected; and a fault", () =>
    echoing(
      {
        message: (_socket, message) => {
          if (message === "later") {
            return Promise.reject(new RangeError("later"));
          }
          throw new RangeError("at once");
        },
      },
      async ({ open, faults, nextClosing, server }) => {
        for (const said of ["at once", "later"]) {
          const client = await open(
            {},
            Buffer.concat([clientFrame(text, said), clientFrame(text, "unheard"), clientFrame(3)]),
          );
          expect(wordsIn(await client.rest())).to.deep.equal(["close 1011"]);
          client.end();
          expect((await nextClosing()).code).to.equal(1011);
        }
        expect(faults.map(({ cause }) => (cause as Error).message)).to.deep.equal(["at once", "later"]);
        expect(server.stats().refused).to.deep.equal({});
      },
    ));
});

describe("RFC 6455 section 7.4: what `close` can be called with", () => {
  const longest = "x".repeat(123);

  it("RFC 6455 section 7.4: codes that must not be sent, and reasons over 123 bytes, throw and close nothing", async () => {
    const caught = new Caught();
    await echoing(caught.options, async ({ open }) => {
      const client = await open();
      for (const [code, reason] of [
        ...[0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65_535, 66_536, -1, 1000.5, Number.NaN].map((code) => [
          code,
          "",
        ]),
        [1005, "a reason without a code"],
        [1000, `${longest}x`],
        [1000, "é".repeat(62)],
      ] as [number, string][]) {
        expect(() => caught.socket.close(code, reason), `${code} ${reason}`).to.throw(UsageError);
      }
      expect(caught.socket.open).to.equal(true);
      client.send(clientFrame(text, "still open"));
      expect(inWords(await takeFrame(client))).to.equal('text "still open"');
    });
  });

  for (const [what, args, payload] of [
    ["nothing", [], closePayload(1000)],
    ["a code", [3000], closePayload(3000)],
    ["a reason of 123 bytes", [1000, longest], closePayload(1000, longest)],
    ["a reason of 41 characters of three bytes", [4999, "€".repeat(41)], closePayload(4999, "€".repeat(41))],
  ] as [string, [number?, string?], Buffer][]) {
    it(`RFC 6455 section 5.5.1: ${what}`, async () => {
      const caught = new Caught();
      await echoing(caught.options, async ({ open }) => {
        const client = await open();
        caught.socket.close(...args);
        expect((await takeFrame(client)).payload).to.deep.equal(payload);
      });
    });
  }

  it("RFC 6455 section 5.3: a Close frame with a mask of its own", () =>
    echoing({}, async ({ open }) => {
      const key = Uint8Array.of(1, 2, 3, 4);
      const body = masked(closePayload(3333, "é"), key);
      const client = await open({}, Buffer.concat([Uint8Array.of(0x88, 0x80 | body.length), key, body]));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 3333"]);
    }));
});
