import { expect } from "chai";
import { gate, nextClosed, turns } from "../support/exchanges.ts";
import { code, type FieldList, pseudoFields, requestOn } from "../support/http2-frames.ts";
import { openHttp2 } from "../support/http2-raw.ts";
import { ask, resetOf, servingHttp2, soonOn } from "../support/http2-serving.ts";

/** Requests that are malformed: the stream is reset with PROTOCOL_ERROR, and the connection goes on. */
function malformed(title: string, fields: FieldList): void {
  it(title, () =>
    servingHttp2(async ({ connect, server, faults }) => {
      const http2 = openHttp2(await connect(), requestOn(1, fields));
      expect((await http2.answerOn(1)).reset).to.equal(code.protocolError);
      http2.send(requestOn(3));
      expect((await http2.answerOn(3)).status).to.equal(200);
      expect([server.stats().answered, faults]).to.deep.equal([{ 200: 1 }, []]);
    }),
  );
}

describe("RFC 9113 section 8.1.1: malformed requests", () => {
  const usual = pseudoFields();
  malformed("T-75 RFC 9113 section 8.2.2: Connection", [...usual, ["connection", "keep-alive"]]);
  malformed("T-75 RFC 9113 section 8.2.2: Upgrade", [...usual, ["upgrade", "websocket"]]);
  malformed("T-75 RFC 9113 section 8.2.2: Keep-Alive", [...usual, ["keep-alive", "1"]]);
  malformed("T-75 RFC 9113 section 8.2.2: Proxy-Connection", [...usual, ["proxy-connection", "1"]]);
  malformed("T-75 RFC 9113 section 8.2.2: Transfer-Encoding", [...usual, ["transfer-encoding", "chunked"]]);
  malformed("T-75 RFC 9113 section 8.2.2: TE that is not trailers", [...usual, ["te", "gzip"]]);
  malformed("RFC 9113 section 8.2: a name in upper case", [...usual, ["X-Own", "1"]]);
  malformed("RFC 9113 section 8.3: a pseudo-field behind a field", [...usual.slice(0, 3), ["x", "1"], [":path", "/"]]);
  malformed("RFC 9113 section 8.3: an unknown pseudo-field", [...usual, [":own", "1"]]);
  malformed("RFC 9113 section 8.3.1: no :path", usual.slice(0, 3));
  malformed("RFC 9113 section 8.3.1: an empty :path", pseudoFields(""));
  malformed("RFC 9113 section 8.3.1: a :path that is none", pseudoFields("x"));
  malformed("RFC 9113 section 8.3.1: no :method", usual.slice(1));
  malformed("RFC 9113 section 8.3.1: neither :authority nor Host", [usual[0]!, usual[1]!, usual[3]!]);
  malformed("RFC 9113 section 8.1.1: Content-Length and no content", [...usual, ["content-length", "5"]]);

  it("RFC 9113 section 8.2.1: whatever byte is in a name or a value, nothing but this stream suffers", async function () {
    this.timeout(20_000);
    await servingHttp2(async ({ connect, faults }) => {
      const http2 = openHttp2(await connect());
      let stream = 1;
      for (let byte = 0; byte < 256; byte++) {
        const character = String.fromCharCode(byte);
        for (const [name, value] of [
          [`a${character}`, "x"],
          [character, "x"],
          ["a", character],
          ["a", `x${character}y`],
        ]) {
          http2.send(requestOn(stream, [...pseudoFields(), [name!, value!]]));
          const { status, reset } = await http2.answerOn(stream);
          expect([status, reset], `${name}: ${value}`).to.be.deep.oneOf([
            [200, undefined],
            [0, code.protocolError],
          ]);
          stream += 2;
        }
      }
      expect(faults).to.deep.equal([]);
    });
  });

  it("RFC 9110 section 9.3.6: CONNECT is not implemented: 501, as over HTTP/1.1", () =>
    servingHttp2(async ({ connect, server }) => {
      const fields = [
        [":method", "CONNECT"],
        [":authority", "h:443"],
      ] as const;
      const http2 = openHttp2(await connect(), requestOn(1, fields, false));
      expect((await http2.answerOn(1)).status).to.equal(501);
      expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_CONNECT: 1 });
    }));
});

describe("RFC 9113 section 5.4: a request that the client gives up", () => {
  for (const [what, error] of [
    ["CANCEL", code.cancel],
    ["NO_ERROR", code.noError],
    ["INTERNAL_ERROR", code.internalError],
  ] as const) {
    it(`RFC 9113 section 6.4: RST_STREAM with ${what}: the signal is aborted, nobody is at fault, the session goes on`, () => {
      const [asked, aborted] = [gate(), gate()];
      return servingHttp2(
        async ({ session, server, faults }) => {
          const http2 = session();
          const stream = http2.request({ ":path": "/wait", ":authority": "h" });
          const reset = resetOf(stream);
          await asked.opened;
          stream.close(error);
          await aborted.opened;
          await reset;
          expect((await ask(http2)).status).to.equal(200);
          expect([server.stats().answered, server.stats().open, faults]).to.deep.equal([{ 200: 1 }, 1, []]);
        },
        {
          respond: async ({ signal, path }) => {
            if (path === "/wait") {
              signal.addEventListener("abort", aborted.open);
              asked.open();
              await aborted.opened;
            }
            return { body: "late\n" };
          },
        },
      );
    });
  }

  it("RFC 9113 section 6.4: within the answer: the source is told, and the session goes on", () => {
    const told = gate();
    return servingHttp2(
      async ({ session, faults }) => {
        const http2 = session();
        const stream = http2.request({ ":path": "/endless", ":authority": "h" });
        await soonOn(stream, "data");
        const reset = resetOf(stream);
        stream.close(code.cancel);
        await told.opened;
        await reset;
        expect((await ask(http2)).body.toString()).to.equal("short");
        expect(faults).to.deep.equal([]);
      },
      {
        respond: ({ path }) => {
          if (path !== "/endless") {
            return { body: "short" };
          }
          async function* endless(): AsyncGenerator<string> {
            try {
              for (;;) {
                yield "x".repeat(1_000);
              }
            } finally {
              told.open();
            }
          }
          return { body: endless() };
        },
      },
    );
  });

  it("a reset of the connection with streams under way: every signal is aborted, and nothing is left", () => {
    const all = gate();
    const aborted: string[] = [];
    return servingHttp2(
      async ({ connect, server, faults }) => {
        const client = await connect();
        openHttp2(client, ...Array.from({ length: 20 }, (_, at) => requestOn(1 + 2 * at, pseudoFields(`/${at}`))));
        await all.opened;
        const closed = nextClosed(server);
        client.reset();
        expect((await closed)?.code).to.equal("ERR_TURNOUT_RESET");
        await turns(5);
        expect(aborted).to.have.length(20);
        const { open, answered, switched } = server.stats();
        expect([open, answered, switched, faults]).to.deep.equal([0, {}, { h2: { open: 0, total: 1 } }, []]);
      },
      {
        respond: ({ signal, target }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              aborted.push(target);
              resolve({ body: "to nobody" });
            });
            if (target === "/19") {
              all.open();
            }
          }),
      },
    );
  });
});
