import { expect } from "chai";
import type { ServerOptions } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { Feed, maxWatchers } from "../../../../lib/cli/live/feed.ts";
import { DemonstrationWebSocket } from "../../../../lib/cli/live/web-socket.ts";
import { losingNothing } from "../../../support/lost-rejections.ts";
import type { RawClient } from "../../../support/raw-client.ts";
import { type Serving, serving } from "../../../support/serving.ts";
import {
  clientFrame,
  closeFrame,
  type HandshakeFields,
  inWords,
  opcode,
  openingHandshake,
  takeFrame,
  wordsIn,
} from "../../../support/websocket-frames.ts";

const live = "GET /live HTTP/1.1";

/** What a page is told beside the echo. */
interface Told {
  readonly handshake?: Readonly<Record<string, unknown>>;
  readonly peer?: string;
  readonly port?: { readonly accepted: number };
  readonly frames?: unknown;
}

/** A page on a socket. */
class LiveClient {
  readonly client: RawClient;
  readonly head: string;

  private constructor(client: RawClient, head: string) {
    this.client = client;
    this.head = head;
  }

  static async open({ connect }: Serving, request: string): Promise<LiveClient> {
    const client = await connect();
    return new LiveClient(client, await client.send(request).takeUntil("\r\n\r\n"));
  }

  async told(): Promise<Told> {
    const frame = await takeFrame(this.client);
    expect([frame.opcode, frame.rsv]).to.deep.equal([opcode.binary, 0]);
    return JSON.parse(frame.payload.toString()) as Told;
  }
}

describe("the WebSocket of the demonstration server", () => {
  const demonstrating = (test: (serving: Serving) => Promise<void>, more: ServerOptions = {}): Promise<void> => {
    const feed = new Feed(["websocket"], 2 ** 30);
    const protocols = [new DemonstrationWebSocket(feed, 65_536, "h"), new Http2Protocol()];
    return losingNothing(() =>
      serving({ protocols, ...more }, (all) => {
        const end = feed.observe(all.server);
        return test(all).finally(end);
      }),
    );
  };

  it("a page is told its own handshake, byte by byte as it was", () =>
    demonstrating(async (all) => {
      const request = openingHandshake({ "X-Own": "a, b", "x-own": "\xe4" }, live);
      const page = await LiveClient.open(all, request);
      const { handshake, peer } = await page.told();
      expect(handshake).to.deep.equal({ over: "HTTP/1.1", secure: false, request, response: page.head });
      expect(page.head).to.match(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
      expect(peer).to.equal(`127.0.0.1:${page.client.socket.localPort}`);
    }));

  it("and then what the port is doing", () =>
    demonstrating(async (all) => {
      const page = await LiveClient.open(all, openingHandshake({}, live));
      await page.told();
      expect((await page.told()).port).to.include({ accepted: 1 });
    }));

  it("text comes back as text, and then both frames as they were", () =>
    demonstrating(async (all) => {
      const page = await LiveClient.open(all, openingHandshake({}, live));
      await page.told();
      await page.told();
      for (const text of ["Hello", "", "ü".repeat(100)]) {
        const sent = clientFrame(opcode.text, text);
        page.client.send(Buffer.concat([clientFrame(opcode.ping), sent]));
        expect(inWords(await takeFrame(page.client))).to.equal("pong");
        const received = await takeFrame(page.client);
        expect(inWords(received)).to.equal(`text ${JSON.stringify(text)}`);
        const header = received.payload.length < 126 ? [received.payload.length] : [126, 0, received.payload.length];
        const frame = Buffer.from([0x81, ...header, ...received.payload]);
        expect((await page.told()).frames).to.deep.equal({
          received: { hex: sent.toString("hex", 0, 64), length: sent.length },
          sent: { hex: frame.toString("hex", 0, 64), length: frame.length },
        });
      }
    }));

  it("a page's frames are not compressed, so that they can be read; those of /ws are", () =>
    demonstrating(async (all) => {
      const offer = { "Sec-WebSocket-Extensions": "permessage-deflate" };
      expect((await LiveClient.open(all, openingHandshake(offer, live))).head).not.to.match(/permessage-deflate/);
      expect((await LiveClient.open(all, openingHandshake(offer))).head).to.match(/permessage-deflate/);
    }));

  for (const [title, frame] of [
    ["binary", clientFrame(opcode.binary, "x")],
    ["more than 1,024 characters", clientFrame(opcode.text, "x".repeat(1_025))],
  ] as const) {
    it(`RFC 6455 section 7.4.1: ${title} from a page is closed with 1008`, () =>
      demonstrating(async (all) => {
        const page = await LiveClient.open(all, openingHandshake({}, live));
        await page.told();
        await page.told();
        expect(wordsIn(await page.client.send(Buffer.concat([frame, closeFrame(1000)])).rest())).to.deep.equal([
          "close 1008",
        ]);
      }));
  }

  it("elsewhere it echoes, and tells nothing", () =>
    demonstrating(async (all) => {
      const { client } = await LiveClient.open(all, openingHandshake({}, "GET /ws HTTP/1.1"));
      const frames = [clientFrame(opcode.text, "hello"), clientFrame(opcode.binary, "hi"), closeFrame(1000)];
      const words = wordsIn(await client.send(Buffer.concat(frames)).rest());
      expect(words).to.deep.equal(['text "hello"', "binary 6869", "close 1000"]);
    }));

  for (const [origin, path, status] of [
    ["http://h", "/live", 101],
    ["https://h", "/live", 101],
    ["http://H", "/live", 101],
    ["http://h:81", "/live", 403],
    ["http://elsewhere.example", "/live", 403],
    ["null", "/live", 403],
    ["http://elsewhere.example", "/ws", 101],
    ["http://elsewhere.example", "/live/x", 101],
  ] as const) {
    it(`RFC 6455 section 10.2: a page of ${origin} at ${path}: ${status}`, () =>
      demonstrating(async (all) => {
        const fields: HandshakeFields = { Origin: origin };
        const { head } = await LiveClient.open(all, openingHandshake(fields, `GET ${path} HTTP/1.1`));
        expect(head).to.match(new RegExp(`^HTTP/1\\.1 ${status} `));
      }));
  }

  for (const [host, status] of [
    ["rebound.example", 403],
    ["rebound.example:8080", 403],
    ["localhost:8080", 101],
    ["127.0.0.1:8080", 101],
    ["[::1]:8080", 101],
  ] as const) {
    it(`a page of ${host} itself, whoever has given this machine that name: ${status}`, () =>
      demonstrating(async (all) => {
        const fields: HandshakeFields = { Host: host, Origin: `http://${host}` };
        const { head } = await LiveClient.open(all, openingHandshake(fields, "GET /live HTTP/1.1"));
        expect(head).to.match(new RegExp(`^HTTP/1\\.1 ${status} `));
      }));
  }

  it(`RFC 9110 section 15.6.4: more than ${maxWatchers} pages are told to come later`, () =>
    demonstrating(async (all) => {
      for (let count = 0; count < maxWatchers; count++) {
        await (await LiveClient.open(all, openingHandshake({}, live))).told();
      }
      expect((await LiveClient.open(all, openingHandshake({}, live))).head).to.match(/^HTTP\/1\.1 503 /);
      expect((await LiveClient.open(all, openingHandshake())).head).to.match(/^HTTP\/1\.1 101 /);
    }));
});
