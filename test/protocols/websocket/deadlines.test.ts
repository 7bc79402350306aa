import { mock } from "node:test";
import { expect } from "chai";
import type { ServerWebSocket } from "turnout/websocket";
import { gate, turns } from "../../support/exchanges.ts";
import { servingWebSockets } from "../../support/web-sockets.ts";
import {
  clientFrame,
  closeFrame,
  inWords,
  opcode,
  openWebSocket,
  takeFrame,
  wordsIn,
} from "../../support/websocket-frames.ts";

/** What the `close` callback was told. */
function closeWatch(): { readonly seen: unknown[]; readonly closed: Promise<void>; close(...told: unknown[]): void } {
  const seen: unknown[] = [];
  const { opened, open } = gate();
  return {
    seen,
    closed: opened,
    close: (_socket, code, reason, error) => {
      seen.push(code, reason, (error as { code?: string } | undefined)?.code);
      open();
    },
  };
}

describe("the deadlines of a WebSocket", () => {
  it("a silent client is sent a Ping, one that answers stays, one that does not is destroyed", () => {
    const { seen, closed, close } = closeWatch();
    return servingWebSockets({ timeouts: { pingMs: 20, pongMs: 200 }, close }, async ({ open, server }) => {
      const { client } = await open();
      for (let pings = 0; pings < 3; pings++) {
        expect(inWords(await takeFrame(client))).to.equal("ping");
        client.send(clientFrame(opcode.pong));
      }
      expect(inWords(await takeFrame(client))).to.equal("ping");
      expect(await client.gone()).to.equal("");
      await closed;
      expect(seen).to.deep.equal([1006, "", "ERR_TURNOUT_WEBSOCKET_NO_PONG"]);
      expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_WEBSOCKET_NO_PONG: 1 });
    });
  });

  it("any byte is a sign of life, half a frame, too", () => {
    const { seen, close } = closeWatch();
    return servingWebSockets({ timeouts: { pingMs: 20, pongMs: 100 }, close, message() {} }, async ({ open }) => {
      const { client } = await open();
      const frame = clientFrame(opcode.binary, Buffer.alloc(10));
      for (const byte of frame) {
        expect(inWords(await takeFrame(client))).to.equal("ping");
        client.send(Buffer.of(byte));
      }
      expect(seen).to.deep.equal([]);
    });
  });

  it("without a message for idleMs the socket is closed with 1001; Pongs are no messages", () => {
    const { seen, closed, close } = closeWatch();
    return servingWebSockets({ timeouts: { idleMs: 60, pingMs: 10 }, close }, async ({ open }) => {
      const { client } = await open();
      let frame = inWords(await takeFrame(client));
      for (; frame === "ping"; frame = inWords(await takeFrame(client))) {
        client.send(clientFrame(opcode.pong));
      }
      expect(frame).to.equal("close 1001");
      client.send(closeFrame(1001)).end();
      await closed;
      expect(seen).to.deep.equal([1001, "idle", undefined]);
    });
  });

  it("a client that the application keeps waiting is not taken for dead", () => {
    const [taken, ready] = [gate(), gate()];
    const { seen, close } = closeWatch();
    const timeouts = { pingMs: 5, pongMs: 5, idleMs: 10 };
    const message = (): Promise<void> => {
      taken.open();
      return ready.opened;
    };
    return servingWebSockets({ timeouts, close, message }, async ({ open }) => {
      const { client, socket } = await open();
      const text = clientFrame(opcode.text, "x");
      client.send(Buffer.concat([text, text]));
      await taken.opened;
      const before = performance.now();
      while (performance.now() < before + 60) {
        await turns(1); // ticks have to go by, so that they could have done harm
      }
      expect([seen, socket.open]).to.deep.equal([[], true]);
      ready.open();
    });
  });

  it("RFC 6455 section 7.1.1: a client that does not answer our Close frame is ended, and then destroyed", () => {
    const { seen, closed, close } = closeWatch();
    return servingWebSockets({ timeouts: { closeMs: 30 }, close }, async ({ open }) => {
      const { client, socket } = await open();
      socket.close(4001, "go");
      expect(inWords(await takeFrame(client))).to.equal("close 4001");
      expect(await client.rest()).to.equal("");
      await closed;
      expect(seen).to.deep.equal([4001, "go", "ERR_TURNOUT_CLOSE_TIMEOUT"]);
    });
  });

  it("closeMs does not run while a client still takes what was sent before: nothing is cut off", () => {
    const mebibyte = Buffer.alloc(1024 * 1024);
    const message = (socket: ServerWebSocket): void => {
      for (let sent = 0; sent < 15; sent++) {
        socket.send(mebibyte);
      }
      socket.close(1000);
    };
    return servingWebSockets({ timeouts: { closeMs: 10 }, message }, async ({ open }) => {
      const { client, socket } = await open();
      client.stream.pause();
      client.send(clientFrame(opcode.text, "go"));
      const before = performance.now();
      while (socket.open || performance.now() < before + 100) {
        await turns(1); // many times closeMs go by
      }
      client.stream.resume();
      for (let seen = 0; seen < 15; seen++) {
        expect((await takeFrame(client)).payload.length).to.equal(mebibyte.length);
      }
      expect(inWords(await takeFrame(client))).to.equal("close 1000");
      client.send(closeFrame(1000)).end();
    });
  });

  it("an application that never gets through with a message holds a Close frame up for closeMs only", () => {
    const { seen, closed, close } = closeWatch();
    const message = (): Promise<void> => new Promise(() => {});
    return servingWebSockets({ timeouts: { closeMs: 30 }, close, message }, async ({ connect }) => {
      const client = await connect();
      await openWebSocket(client, {}, Buffer.concat([clientFrame(opcode.text, "x"), closeFrame(1000, "done")]));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
      client.end();
      await closed;
      expect(seen).to.deep.equal([1000, "done", undefined]);
    });
  });

  it("Infinity switches them off: nothing ticks for nothing", () =>
    servingWebSockets(
      {
        timeouts: {
          pingMs: Number.POSITIVE_INFINITY,
          pongMs: Number.POSITIVE_INFINITY,
          closeMs: Number.POSITIVE_INFINITY,
          drainWindowMs: Number.POSITIVE_INFINITY,
        },
      },
      async ({ open }) => {
        const { client } = await open();
        client.send(closeFrame(1000));
        expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
      },
    ));
});

describe("drain of WebSockets", () => {
  it("RFC 6455 section 7.4.1: every client gets 1001, and the server closes when they have", () =>
    servingWebSockets({}, async ({ open, server }) => {
      const clients = [];
      for (let count = 0; count < 50; count++) {
        clients.push((await open()).client);
      }
      const closing = server.close();
      for (const client of clients) {
        expect(inWords(await takeFrame(client))).to.equal("close 1001");
        client.send(closeFrame(1001)).end();
      }
      expect((await closing).switched).to.deep.equal({ websocket: { closed: 50, destroyed: 0 } });
    }));

  it("they are told at moments of their own within drainWindowMs, a millisecond a socket at most", () =>
    servingWebSockets({ timeouts: { drainWindowMs: 20 } }, async ({ open, server, protocol }) => {
      const told = (): number => [...protocol.sockets].filter((socket) => !socket.open).length;
      for (let count = 0; count < 11; count++) {
        await open();
      }
      const randoms = [0, 0.25, 0.25, 0.5, 0.5, 0.5, 0.75, 0.75, 0.75, 0.75, 0.99];
      const random = Math.random;
      mock.timers.enable({ apis: ["setTimeout"] });
      try {
        Math.random = () => randoms.pop()!;
        void server.close();
        const seen = [2, 1, 2, 3, 2].map((ms) => {
          mock.timers.tick(ms); // at 2, 3, 5, 8 and 10 ms of the 10 that 11 sockets have
          return told();
        });
        expect(seen).to.deep.equal([1, 3, 6, 10, 11]);
      } finally {
        Math.random = random;
        mock.timers.reset();
      }
    }));

  it("all are told, however short the grace period is", () =>
    servingWebSockets({ timeouts: { drainWindowMs: Number.POSITIVE_INFINITY } }, async ({ open, server }) => {
      const clients = [];
      for (let count = 0; count < 100; count++) {
        clients.push((await open()).client);
      }
      const closing = server.close({ graceMs: 20 });
      const told = await Promise.all(clients.map(async (client) => wordsIn(await client.gone())));
      expect(told).to.deep.equal(clients.map(() => ["close 1001"]));
      await closing;
    }));

  it("clients that do not end are destroyed at the deadline", () => {
    const { seen, close } = closeWatch();
    return servingWebSockets({ close }, async ({ open, server }) => {
      await open();
      const report = await server.close({ graceMs: 20 });
      expect(report.switched).to.deep.equal({ websocket: { closed: 0, destroyed: 1 } });
      expect(seen).to.deep.equal([1001, "the server is closing", "ERR_TURNOUT_DRAIN_TIMEOUT"]);
    });
  });
});
