import { once } from "node:events";
import { connect, createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { createServer } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { upgradeTo } from "../support/exchanges.ts";
import { RawClient } from "../support/raw-client.ts";

describe("a stream of HTTP/2 is a stream like any other", () => {
  it("RFC 9113 section 8.5: a module speaks through a CONNECT tunnel, and the end goes both ways", async () => {
    const server = createServer({ protocols: [new EchoProtocol()] });
    const outer = createHttp2Server();
    outer.on("stream", (stream: ServerHttp2Stream) => {
      stream.respond({ ":status": 200 });
      server.accept(stream);
    });
    outer.listen(0, "127.0.0.1");
    await once(outer, "listening");
    const session = connect(`http://127.0.0.1:${(outer.address() as AddressInfo).port}`);
    try {
      const closed = once(server, "closed");
      const client = new RawClient(session.request({ ":method": "CONNECT", ":authority": "h:80" }));
      client.send(`${upgradeTo("echo/1")}ping`);
      await client.takeUntil("GET /x\r\nping");
      client.send("x".repeat(200_000)).end();
      expect(await client.rest()).to.equal("x".repeat(200_000));
      expect((await closed)[0]).to.equal(undefined);
    } finally {
      session.destroy();
      outer.close();
      await server.close({ graceMs: 0 });
    }
  });
});
