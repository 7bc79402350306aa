import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { assert } from "chai";
import { answerTo, assertOpenedOnce, type SpeakingHttp2, speakingHttp2, summaryOf } from "../support/interop-http2.ts";
import { Random } from "../support/random.ts";
import { clientFrame, closeFrame, framesIn, inWords, opcode } from "../support/websocket-frames.ts";

/** The answer to a request. */
interface Answer {
  readonly status: number | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly body: string;
}

async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  const [fields] = (await once(stream, "response")) as [Record<string, unknown>];
  let body = "";
  for await (const chunk of stream) {
    body += String(chunk);
  }
  return { status: fields[":status"] as number, fields, body };
}

/** Asks for a WebSocket over a stream (RFC 8441 section 5). */
function askForWebSocket(session: ClientHttp2Session, fields: Record<string, string> = {}): ClientHttp2Stream {
  return session.request(
    {
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": "http",
      ":path": "/chat?a=b",
      "sec-websocket-version": "13",
      ...fields,
    },
    { endStream: false },
  );
}

/** Runs `test` with a client that knows that the server speaks HTTP/2. */
function talking(test: (session: ClientHttp2Session, server: SpeakingHttp2) => Promise<void>): Promise<void> {
  return speakingHttp2(async (server) => {
    const session = connect(server.url);
    try {
      await test(session, server);
      const closed = once(session, "close");
      session.close();
      await closed;
    } finally {
      session.destroy();
    }
  });
}

describe("Node's own http2 client", () => {
  it("GET, POST and HEAD on one connection", () =>
    talking(async (session, server) => {
      const get = await answerOf(session.request({ ":path": "/a?b=c", "x-own": "kept" }));
      assert.deepInclude(get, { status: 200, body: answerTo("GET", "/a?b=c", "2.0") });
      assert.equal(get.fields["content-type"], "text/plain");
      const post = session.request({ ":method": "POST", ":path": "/echo" });
      post.end(new Random(1).bytes(3_000_000));
      assert.deepInclude(await answerOf(post), { status: 200, body: answerTo("POST", "/echo", "2.0", 3_000_000) });
      const head = await answerOf(session.request({ ":method": "HEAD", ":path": "/head" }));
      assert.deepInclude(head, { status: 200, body: "" });
      assert.equal(Number(head.fields["content-length"]), answerTo("HEAD", "/head", "2.0").length);
      assert.deepEqual(summaryOf(server.seen), ["GET /a?b=c 2.0 0", "POST /echo 2.0 3000000", "HEAD /head 2.0 0"]);
      assert.equal(server.seen[0]!.request.headers.get("x-own"), "kept");
      assertOpenedOnce(server);
    }));

  it("a thousand requests at one time", () =>
    talking(async (session, server) => {
      await once(session, "remoteSettings"); // from then on it keeps to what the server allows
      const paths = Array.from({ length: 1000 }, (_, index) => `/${index}`);
      const answers = await Promise.all(paths.map((path) => answerOf(session.request({ ":path": path }))));
      assert.deepEqual(
        answers.map(({ body }) => body),
        paths.map((path) => answerTo("GET", path, "2.0")),
      );
      assert.lengthOf(server.seen, 1000);
      assertOpenedOnce(server);
    }));

  it("a POST that expects a 100", () =>
    talking(async (session, server) => {
      const post = session.request({ ":method": "POST", ":path": "/echo", expect: "100-continue" });
      const answer = answerOf(post);
      await once(post, "continue");
      post.end("hello");
      assert.deepInclude(await answer, { status: 200, body: answerTo("POST", "/echo", "2.0", 5) });
      assertOpenedOnce(server);
    }));

  it("the server closes: GOAWAY, and what is under way is answered", () =>
    speakingHttp2(async ({ server, url, seen, arrivals }) => {
      const session = connect(url);
      const post = session.request({ ":method": "POST", ":path": "/last" }, { endStream: false });
      const answer = answerOf(post);
      post.write("begun, ");
      await once(arrivals, "request");
      const goingAway = once(session, "goaway");
      const closed = once(session, "close");
      const report = server.close();
      assert.equal((await goingAway)[0], constants.NGHTTP2_NO_ERROR);
      post.end("ended");
      assert.deepInclude(await answer, { status: 200, body: answerTo("POST", "/last", "2.0", 12) });
      await closed;
      assert.deepEqual((await report).switched, { h2: { closed: 1, destroyed: 0 } });
      assert.deepEqual(summaryOf(seen), ["POST /last 2.0 12"]);
    }));

  describe("a WebSocket over a stream", () => {
    it("the server's settings allow it", () =>
      talking(async (session, server) => {
        const [settings] = (await once(session, "remoteSettings")) as [{ enableConnectProtocol?: boolean }];
        assert.isTrue(settings.enableConnectProtocol);
        assert.deepEqual(server.opened, ["h2"]);
      }));

    it("opens, echoes and closes, beside requests", () =>
      talking(async (session, server) => {
        await once(session, "remoteSettings");
        const stream = askForWebSocket(session, { origin: server.url });
        const [fields] = (await once(stream, "response")) as [Record<string, unknown>];
        assert.equal(fields[":status"], 200);
        for (const name of ["sec-websocket-accept", "upgrade", "connection", "content-length"]) {
          assert.notProperty(fields, name);
        }
        const heard = stream.toArray() as Promise<Buffer[]>;
        const large = "x".repeat(200_000);
        stream.write(clientFrame(opcode.text, "gr\u00fc\u00df"));
        stream.write(clientFrame(opcode.ping, "there?"));
        stream.write(clientFrame(opcode.text, large));
        const between = await answerOf(session.request({ ":path": "/between" }));
        assert.equal(between.body, answerTo("GET", "/between", "2.0"));
        stream.end(closeFrame(1000, "done"));
        const frames = framesIn(Buffer.concat(await heard));
        assert.deepEqual(frames.map(inWords), [
          'text "gr\u00fc\u00df"',
          `pong ${Buffer.from("there?").toString("hex")}`,
          `text ${JSON.stringify(large)}`,
          "close 1000",
        ]);
        assert.deepEqual(
          server.switched.map(({ token, request: { method, target, httpVersion } }) => [
            token,
            method,
            target,
            httpVersion,
          ]),
          [["websocket", "CONNECT", "/chat?a=b", "2.0"]],
        );
        assert.deepEqual(server.server.stats().switched["websocket"]?.total, 1);
        assert.lengthOf(server.sockets, 1);
      }));

    it("a hundred on one connection", () =>
      talking(async (session, server) => {
        await once(session, "remoteSettings");
        const talks = Array.from({ length: 100 }, async (_, index) => {
          const stream = askForWebSocket(session);
          const heard = stream.toArray() as Promise<Buffer[]>;
          stream.write(clientFrame(opcode.text, `${index}`));
          stream.end(closeFrame(1000));
          return framesIn(Buffer.concat(await heard)).map(inWords);
        });
        assert.deepEqual(
          await Promise.all(talks),
          talks.map((_, index) => [`text "${index}"`, "close 1000"]),
        );
        assert.equal(server.server.stats().switched["websocket"]?.total, 100);
        assert.lengthOf(server.sockets, 1);
      }));

    it("a protocol that nobody speaks is answered 501, and the connection goes on", () =>
      talking(async (session, server) => {
        await once(session, "remoteSettings");
        const { status } = await answerOf(askForWebSocket(session, { ":protocol": "unknown" }));
        assert.equal(status, 501);
        assert.equal((await answerOf(session.request({ ":path": "/" }))).status, 200);
        assertOpenedOnce(server);
      }));
  });
});
