import { expect } from "chai";
import { expectIgnored } from "../support/exchanges.ts";
import { clientPreface, code, rstStream, settingsFrame, settingsPayload } from "../support/http2-frames.ts";
import { Http2Raw, h2cUpgrade, upgradeToHttp2 } from "../support/http2-raw.ts";
import { servingHttp2 } from "../support/http2-serving.ts";

const many = (count: number) => Array.from({ length: count }, (): [number, number] => [3, 100]);

describe("RFC 7540", () => {
  it("T-62: stream 1 is reset before it is seen: the server's close says GOAWAY all the same", () =>
    servingHttp2(async ({ connect, server }) => {
      const http2 = await upgradeToHttp2(await connect(), {}, rstStream(1, code.cancel));
      await http2.ping();
      http2.client.stream.once("end", () => http2.client.end());
      const { switched } = await server.close({ graceMs: 1_000 });
      expect(switched).to.deep.equal({ h2c: { closed: 1, destroyed: 0 } });
    })).timeout(12_000);

  it("T-66: more than 100 fields, which the server takes over HTTP/1.1: declined, or answered, but no reset", () =>
    servingHttp2(
      async ({ connect }) => {
        const fields = Array.from({ length: 120 }, (_, at) => `X-${at}: 1`);
        const client = (await connect()).send(h2cUpgrade({ fields }));
        const { status } = await client.response();
        if (status === 101) {
          const http2 = new Http2Raw(client).send(Buffer.from(clientPreface), settingsFrame());
          expect((await http2.answerOn(1)).reset).to.equal(undefined);
        }
      },
      { limits: { maxFields: 200 } },
    ));

  it("T-69: 24 settings in the field, and 9 in the client's own frame: answered", () =>
    servingHttp2(async ({ connect }) => {
      const client = (await connect()).send(
        h2cUpgrade({ settings: [settingsPayload(...many(24)).toString("base64url")] }),
      );
      await client.response();
      const http2 = new Http2Raw(client).send(Buffer.from(clientPreface), settingsFrame(...many(9)));
      await http2.until(({ type, stream }) => type === 7 || stream === 1);
      expect(http2.seen).to.include("headers 1 200");
    }));

  it("T-69 RFC 9218 section 2.1: NO_RFC7540_PRIORITIES 2 is illegal: ignored before the 101", () =>
    servingHttp2(async ({ connect }) => {
      await expectIgnored(
        (await connect()).send(h2cUpgrade({ settings: [settingsPayload([9, 2]).toString("base64url")] })),
      );
    }));
});
