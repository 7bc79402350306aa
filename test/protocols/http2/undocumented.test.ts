import { once } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { expect } from "chai";
import { onTrailers, sessionOn } from "../../../protocols/http2/undocumented.ts";
import { clientOpening, dataOn, frameOf, literals, pseudoFields, requestOn } from "../../support/http2-frames.ts";
import { Http2Raw } from "../../support/http2-raw.ts";
import { RawClient } from "../../support/raw-client.ts";

/** Runs `test` with both ends of a connection. */
type Connected = (test: (ours: Duplex, client: RawClient) => Promise<void>) => Promise<void>;

const overTcp: Connected = async (test) => {
  const listener = createServer({ noDelay: true }).listen(0, "127.0.0.1");
  const accepted = once(listener, "connection");
  await once(listener, "listening");
  const client = await RawClient.connect((listener.address() as AddressInfo).port);
  const [ours] = (await accepted) as [Socket];
  try {
    await test(ours, client);
  } finally {
    client.stream.destroy();
    ours.destroy();
    listener.close();
  }
};

const inMemory: Connected = async (test) => {
  const [ours, theirs] = duplexPair();
  await test(ours, new RawClient(theirs));
  ours.destroy();
};

const opening = Buffer.concat([clientOpening, requestOn(1)]);

describe("what node:http2 does not promise", () => {
  for (const [what, connected] of [
    ["a native socket", overTcp],
    ["any Duplex", inMemory],
  ] as const) {
    it(`a session on ${what} reads what it is given, what was put back, and what comes, in this order`, () =>
      connected(async (ours, client) => {
        client.send(opening.subarray(10, 30));
        const [read] = (await once(ours, "data")) as [Buffer];
        ours.pause();
        ours.unshift(read);
        const session = sessionOn(ours, {}, [opening.subarray(0, 3), opening.subarray(3, 10)]);
        session.on("stream", (stream: ServerHttp2Stream) => stream.respond({ ":status": 200 }, { endStream: true }));
        const http2 = new Http2Raw(client.send(opening.subarray(30)));
        expect((await http2.answerOn(1)).status).to.equal(200);
        session.destroy();
      }));

    it(`a session on ${what} reads what was put back where nothing comes any more`, () =>
      connected(async (ours, client) => {
        client.send(opening);
        const [read] = (await once(ours, "data")) as [Buffer];
        expect(read.length).to.equal(opening.length);
        ours.pause();
        ours.unshift(read);
        const session = sessionOn(ours, {});
        session.on("stream", (stream: ServerHttp2Stream) => stream.respond({ ":status": 200 }, { endStream: true }));
        expect((await new Http2Raw(client).answerOn(1)).status).to.equal(200);
        session.destroy();
      }));
  }

  it("the trailers of a request, in the order in which they came, repeated ones apart", () =>
    inMemory(async (ours, client) => {
      const trailers = literals([
        ["x-b", "1"],
        ["x-a", "2"],
        ["x-b", "3"],
      ]);
      const request = [requestOn(1, pseudoFields("/", "POST"), false), dataOn(1, "x"), frameOf(1, 0x5, 1, trailers)];
      client.send(Buffer.concat([clientOpening, ...request]));
      const seen: string[] = [];
      const session = sessionOn(ours, {});
      session.on("stream", (stream: ServerHttp2Stream) => {
        onTrailers(stream, (fields) => seen.push(...fields));
        stream.on("end", () => stream.respond({ ":status": 200 }, { endStream: true })).resume();
      });
      await new Http2Raw(client).answerOn(1);
      expect(seen).to.deep.equal(["x-b", "1", "x-a", "2", "x-b", "3"]);
      session.destroy();
    }));
});
