import { once } from "node:events";
import { expect } from "chai";
import { gate, turns } from "../support/exchanges.ts";
import { dataOn, flag, frameOf, pseudoFields, requestOn, type as types } from "../support/http2-frames.ts";
import { openHttp2 } from "../support/http2-raw.ts";
import { answerOf, ask, servingHttp2, soonOn } from "../support/http2-serving.ts";

describe("RFC 9113 section 8.1: requests and their content", () => {
  it("RFC 9113 section 8.1: GET, HEAD, DELETE, OPTIONS *, and POST with and without content", () =>
    servingHttp2(async ({ session, server }) => {
      const http2 = session();
      for (const [method, path, content, body] of [
        ["GET", "/a?b=c", undefined, "GET /a?b=c 0\n"],
        ["GET", "/", "12", "GET / 2\n"],
        ["DELETE", "/d", undefined, "DELETE /d 0\n"],
        ["POST", "/p", "", "POST /p 0\n"],
        ["POST", "/p", undefined, "POST /p 0\n"],
        ["POST", "/p", "x".repeat(300_000), "POST /p 300000\n"],
        ["OPTIONS", "*", undefined, "OPTIONS * 0\n"],
      ] as const) {
        expect((await ask(http2, { ":method": method, ":path": path }, content)).body.toString()).to.equal(body);
      }
      const head = await ask(http2, { ":method": "HEAD", ":path": "/h" });
      expect([head.status, head.body.length, head.headers["content-length"]]).to.deep.equal([200, 0, "10"]);
      expect(server.stats().answered).to.deep.equal({ 200: 8 });
    }));

  it("RFC 9113 section 8.1: content is streamed both ways at one time", () =>
    servingHttp2(
      async ({ session }) => {
        const stream = session().request({ ":method": "POST", ":authority": "h" });
        stream.write("one");
        await soonOn(stream, "response");
        for (const word of ["one", "two", "three"]) {
          const [chunk] = (await once(stream, "data")) as [Buffer];
          expect(chunk.toString()).to.equal(word);
          word === "one" ? stream.write("two") : word === "two" ? stream.end("three") : undefined;
        }
        await soonOn(stream, "end");
      },
      { respond: (request) => ({ body: request.body }) },
    ));

  it("RFC 9113 section 5.2: a client is held back while the application does not read, and loses nothing", () =>
    servingHttp2(
      async ({ session }) => {
        const stream = session().request({ ":method": "POST", ":authority": "h" });
        const answer = answerOf(stream);
        stream.end(Buffer.alloc(3_000_000, "x"));
        expect((await answer).body.toString()).to.equal("3000000");
      },
      {
        respond: async (request) => {
          let length = 0;
          for await (const chunk of request.body) {
            length += chunk.length;
            await turns(1);
          }
          return { body: String(length) };
        },
      },
    ));

  it("RFC 9113 section 5.2.2: while nobody reads, the client gets no more window than is held for the application", () =>
    servingHttp2(
      async ({ connect }) => {
        const http2 = openHttp2(await connect(), requestOn(1, pseudoFields("/", "POST"), false));
        for (let sent = 0; sent < 65_535; sent += 4_369) {
          http2.send(dataOn(1, Buffer.alloc(4_369)));
        }
        await http2.ping();
        await http2.ping();
        const opened = http2.seen
          .filter((words) => words.startsWith("window 1 "))
          .map((words) => Number(words.split(" ")[2]));
        expect(opened.reduce((sum, one) => sum + one, 0)).to.be.at.most(65_535);
        // The window was 65,535 and is used up: what may be sent now is what has been given back.
      },
      { respond: () => gate().opened.then(() => ({})) },
    ));

  it("RFC 9110 section 15.5.14: content over maxBodyBytes: 413", () =>
    servingHttp2(
      async ({ connect, server }) => {
        const http2 = openHttp2(await connect(), requestOn(1, pseudoFields("/", "POST"), false));
        http2.send(dataOn(1, Buffer.alloc(1_000)), dataOn(1, "x"));
        expect((await http2.answerOn(1)).status).to.equal(413);
        http2.send(requestOn(3));
        expect((await http2.answerOn(3)).status).to.equal(200);
        expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_CONTENT_TOO_LARGE: 1 });
      },
      { limits: { maxBodyBytes: 1_000 } },
    ));

  it("RFC 9110 section 10.1.1: Expect: 100-continue, and content behind the 100", () =>
    servingHttp2(async ({ session }) => {
      const stream = session().request(
        { ":method": "POST", ":authority": "h", expect: "100-continue" },
        { endStream: false },
      );
      const answer = answerOf(stream);
      await soonOn(stream, "continue");
      stream.end("12345");
      expect((await answer).body.toString()).to.equal("POST / 5\n");
    }));

  it("RFC 9110 section 10.1.1: no 100 where the application answers without the content", () =>
    servingHttp2(
      async ({ connect }) => {
        const http2 = openHttp2(
          await connect(),
          requestOn(1, [...pseudoFields("/", "POST"), ["expect", "100-continue"]], false),
        );
        expect((await http2.answerOn(1)).status).to.equal(401);
        expect(http2.seen.filter((words) => words.startsWith("headers"))).to.deep.equal(["headers 1 401"]);
      },
      { respond: () => ({ status: 401, body: "no\n" }) },
    ));

  for (const [title, values] of [
    ["another expectation", ["x"]],
    ["100-continue and another one", ["100-continue, x"]],
    ["100-continue in two lines, as over HTTP/1.1", ["100-continue", "100-continue"]],
    ["no expectation at all", [""]],
  ] as const) {
    for (const [what, fields, ends] of [
      ["without content", pseudoFields(), true],
      ["with content", pseudoFields("/x", "POST"), false],
    ] as const) {
      it(`RFC 9110 section 10.1.1: ${title}, ${what}: 417, and the connection goes on`, () =>
        servingHttp2(async ({ connect, server, faults }) => {
          const expects = values.map((value): [string, string] => ["expect", value]);
          const http2 = openHttp2(await connect(), requestOn(1, [...fields, ...expects], ends));
          expect(await http2.answerOn(1)).to.deep.include({
            status: 417,
            body: "ERR_TURNOUT_EXPECTATION: the expectation is not 100-continue\n",
          });
          expect((await http2.send(requestOn(3)).answerOn(3)).status).to.equal(200);
          const { answered, refused } = server.stats();
          expect([answered, refused, faults]).to.deep.equal([{ 200: 1, 417: 1 }, { ERR_TURNOUT_EXPECTATION: 1 }, []]);
        }));
    }
  }

  it("RFC 9110 section 10.1.1: 100-continue in whatever case, without content", () =>
    servingHttp2(async ({ connect }) => {
      const http2 = openHttp2(await connect(), requestOn(1, [...pseudoFields(), ["expect", "100-Continue"]]));
      expect((await http2.answerOn(1)).status).to.equal(200);
    }));

  it("RFC 9113 section 8.1: trailers of a request are seen behind its content", () =>
    servingHttp2(
      async ({ connect }) => {
        const http2 = openHttp2(await connect(), requestOn(1, pseudoFields("/", "POST"), false), dataOn(1, "12345"));
        http2.send(frameOf(types.headers, flag.endHeaders | flag.endStream, 1, "\0\x07x-check\x02ok"));
        expect((await http2.answerOn(1)).body).to.equal('5 [["x-check","ok"]]');
      },
      {
        respond: async (request) => {
          const { length } = await request.bytes();
          return { body: `${length} ${JSON.stringify([...request.body.trailers])}` };
        },
      },
    ));

  it("RFC 9113 section 8.3: what the application sees of a request", () =>
    servingHttp2(
      async ({ session }) => {
        const { body } = await ask(session(), {
          ":path": "/a?b",
          ":authority": "example.org:81",
          "x-own": ["1", "2"],
          cookie: ["a=b", "c=d"],
        });
        expect(JSON.parse(body.toString())).to.deep.equal({
          version: "2.0",
          host: "example.org:81",
          path: "/a",
          query: "b",
          cookie: "a=b; c=d",
          own: ["1", "2"],
          hostField: "example.org:81",
          offers: [],
          secure: false,
          address: "127.0.0.1",
          url: "http://example.org:81/a?b",
        });
      },
      {
        respond: (request) => ({
          body: JSON.stringify({
            version: request.httpVersion,
            host: request.host,
            path: request.path,
            query: request.query,
            cookie: request.headers.get("cookie"), // section 8.2.3
            own: request.headers.getAll("x-own"),
            hostField: request.headers.get("host"),
            offers: request.offers,
            secure: request.secure,
            address: request.peer.address,
            url: request.toWeb().url,
          }),
        }),
      },
    ));

  it("RFC 9113 section 5.1.2: 100 streams at one time", () => {
    const all = gate();
    let waiting = 0;
    return servingHttp2(
      async ({ session, server }) => {
        const http2 = session();
        await soonOn(http2, "remoteSettings");
        expect(http2.remoteSettings.maxConcurrentStreams).to.equal(100);
        const answers = Array.from({ length: 100 }, (_, at) => ask(http2, { ":path": `/${at}` }));
        const bodies = (await Promise.all(answers)).map(({ body }) => body.toString());
        expect(bodies).to.deep.equal(Array.from({ length: 100 }, (_, at) => `/${at}`));
        expect(server.stats().open).to.equal(1);
      },
      {
        respond: async ({ target }) => {
          waiting++;
          if (waiting === 100) {
            all.open();
          }
          await all.opened;
          return { body: target };
        },
      },
    );
  });
});
