import { once } from "node:events";
import { expect } from "chai";
import { Http2Protocol } from "turnout/http2";
import { nextClosed } from "../../support/exchanges.ts";
import { dataOn, requestOn } from "../../support/http2-frames.ts";
import { h2cUpgrade, openHttp2 } from "../../support/http2-raw.ts";
import { ask, servingHttp2 } from "../../support/http2-serving.ts";

const options = { protocols: [new Http2Protocol({ timeouts: { idleMs: 30, closeMs: 1_000 } })] };

describe("a session of HTTP/2", () => {
  for (const end of ["stays", "ends", "resets"] as const) {
    it(`RFC 9113 section 5.4.1: a connection error while streams are open ends the connection, also where the client ${end}`, () =>
      servingHttp2(async ({ connect, server }) => {
        const client = await connect();
        const closed = nextClosed(server); // newer versions of Node close at once
        const http2 = openHttp2(client, requestOn(1), requestOn(3), dataOn(1, "behind the end of the stream"));
        await http2.until((frame) => frame.type === 7); // GOAWAY
        if (end === "ends") {
          client.end();
        } else if (end === "resets") {
          client.reset();
        }
        await closed;
        expect(server.stats().open).to.equal(0);
      }, options));
  }

  it("RFC 7540 section 3.2: the original request is answered, though the server was told to close behind the 101", () =>
    servingHttp2(async ({ connect, server }) => {
      const client = await connect();
      const { status } = await client.send(h2cUpgrade()).response();
      expect(status).to.equal(101);
      const closed = server.close();
      const http2 = openHttp2(client);
      expect((await http2.answerOn(1)).status).to.equal(200);
      expect((await http2.untilClosed()).filter((frame) => frame.startsWith("goaway"))).to.not.deep.equal([]);
      client.end();
      expect((await closed).switched).to.deep.equal({ h2c: { closed: 1, destroyed: 0 } });
    }, options));

  it("that the server closes is destroyed after closeMs, where the client does not close its side", () =>
    servingHttp2(
      async ({ connect, server }) => {
        const http2 = openHttp2(await connect());
        await http2.until((frame) => frame.type === 4); // SETTINGS
        const { switched } = await server.close({ graceMs: 60_000 });
        expect(switched).to.deep.equal({ h2: { closed: 1, destroyed: 0 } });
      },
      { protocols: [new Http2Protocol({ timeouts: { closeMs: 30 } })] },
    ));

  it("with a stream that takes its time outlives idleMs, as long as the client answers PINGs", () => {
    let answer = (): void => {};
    const ready = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const respond = async (): Promise<{ body: string }> => {
      await ready;
      return { body: "at last\n" };
    };
    return servingHttp2(
      async ({ session }) => {
        const client = session();
        const asked = ask(client);
        for (let pings = 0; pings < 3; pings++) {
          await once(client, "ping", { signal: AbortSignal.timeout(10_000) });
        }
        answer();
        expect(String((await asked).body)).to.equal("at last\n");
      },
      { ...options, respond },
    );
  });
});
