import { expect } from "chai";
import { admit, type WebSocketOptions } from "turnout/websocket";
import { DeflatingClient, deflatedFrame, deflatedHello, extensionsField } from "../support/deflating.ts";
import { echoing, openingHandshake } from "../support/websocket-frames.ts";

const takingOver = { perMessageDeflate: { contextTakeover: true } };
const bothForget = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const good = "permessage-deflate; server_max_window_bits=9";

/** The offer is answered with this field, or with none; a compressed message is taken, or refused. */
function answers(
  title: string,
  offer: string | readonly string[],
  agreed: string | undefined,
  options: WebSocketOptions<undefined> = takingOver,
): void {
  it(`${title}: ${JSON.stringify(offer)}`, () =>
    echoing(options, async (server) => {
      const client = await DeflatingClient.open(server, offer);
      expect(client.agreed).to.deep.equal(agreed === undefined ? [] : [agreed]);
      expect([...server.protocol.sockets][0]?.compressed).to.equal(agreed !== undefined);
      client.send(deflatedFrame(deflatedHello));
      expect(await client.said()).to.equal(agreed === undefined ? "close 1002" : 'text "Hello"');
      const fault = { ERR_TURNOUT_WEBSOCKET_RESERVED_BITS: 1 };
      expect(server.server.stats().refused).to.deep.equal(agreed === undefined ? fault : {});
    }));
}

/** The offer is declined, and a good one behind it or in a field of its own is taken all the same. */
function declines(title: string, parameters: string): void {
  const bad = `permessage-deflate; ${parameters}`;
  answers(title, bad, undefined);
  answers(title, `${bad}, ${good}`, good);
  answers(title, [bad, `other, ${good}`], good);
}

describe("RFC 7692 section 5: which offer is taken", () => {
  answers("RFC 7692 section 5", "permessage-deflate", "permessage-deflate");
  answers("RFC 7692 section 5, the first of two", `permessage-deflate, ${good}`, "permessage-deflate");
  answers("RFC 7692 section 5, the first of two", `${good}, permessage-deflate`, good);
  answers("RFC 7692 section 5, in several fields", ["foo; bar", good, "permessage-deflate"], good);
  answers("RFC 7692 section 5, behind empty members", [",", ` ,, ${good} ,`], good);
  answers(
    "RFC 6455 section 9.1, behind an unknown one",
    "x-webkit-deflate-frame, permessage-deflate",
    "permessage-deflate",
  );
  answers(
    "RFC 6455 section 9.1, unknown ones",
    "permessage-bzip2, x-webkit-deflate-frame; no_context_takeover",
    undefined,
  );

  it("RFC 7692 section 5: nothing is answered to those who offer nothing", () =>
    echoing(takingOver, async ({ connect }) => {
      const client = (await connect()).send(openingHandshake());
      const response = await client.response();
      expect([response.status, response.all(extensionsField)]).to.deep.equal([101, []]);
    }));
});

describe("RFC 7692 section 7.1.1: no context takeover", () => {
  for (const [offer, agreed] of [
    ["server_no_context_takeover", "server_no_context_takeover"],
    ["client_no_context_takeover", "client_no_context_takeover"],
    [
      "client_no_context_takeover; server_no_context_takeover",
      "server_no_context_takeover; client_no_context_takeover",
    ],
  ] as const) {
    answers("RFC 7692 section 7.1.1.1, 7.1.1.2", `permessage-deflate; ${offer}`, `permessage-deflate; ${agreed}`);
  }
  for (const parameter of ["server_no_context_takeover", "client_no_context_takeover"]) {
    for (const value of ["1", "true", "15", '"yes"']) {
      declines("RFC 7692 section 7.1.1.1, 7.1.1.2: it has no value", `${parameter}=${value}`);
    }
    declines("RFC 7692 section 7.1: a repeated parameter", `${parameter}; ${parameter}`);
  }
  for (const offer of ["", "; server_no_context_takeover", "; client_no_context_takeover; client_max_window_bits"]) {
    for (const perMessageDeflate of [true, {}, { contextTakeover: false }]) {
      answers(
        `RFC 7692 section 7.1.1: where the server wants none (${JSON.stringify(perMessageDeflate)})`,
        `permessage-deflate${offer}`,
        bothForget,
        { perMessageDeflate },
      );
    }
  }
});

describe("RFC 7692 section 7.1.2: window bits", () => {
  for (const bits of [8, 9, 10, 14, 15]) {
    const asked = `permessage-deflate; server_max_window_bits=${bits}`;
    answers("RFC 7692 section 7.1.2.1", asked, asked);
    answers("RFC 7692 section 7.1.2.2", `permessage-deflate; client_max_window_bits=${bits}`, "permessage-deflate");
  }
  answers(
    "RFC 6455 section 9.1: in quotes",
    'permessage-deflate; server_max_window_bits="10"',
    "permessage-deflate; server_max_window_bits=10",
  );
  answers(
    "RFC 6455 section 9.1: in quotes",
    'permessage-deflate; client_max_window_bits="\\1\\0"',
    "permessage-deflate",
  );
  answers(
    "RFC 7692 section 7.1.2.2: without a value",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate",
  );
  answers(
    "RFC 7692 section 7.1: all four",
    "permessage-deflate; client_max_window_bits=12; server_no_context_takeover; server_max_window_bits=11; client_no_context_takeover",
    `${bothForget}; server_max_window_bits=11`,
  );

  for (const parameter of ["server_max_window_bits", "client_max_window_bits"]) {
    for (const bits of [
      "7",
      "16",
      "0",
      "-8",
      "08",
      "012",
      "015",
      "10.0",
      "1e1",
      "0xa",
      "+10",
      "ten",
      "1_0",
      '"7"',
      '"016"',
    ]) {
      declines("RFC 7692 section 7.1.2.1, 7.1.2.2: no number from 8 to 15", `${parameter}=${bits}`);
    }
    declines("RFC 7692 section 7.1: a repeated parameter", `${parameter}=10; ${parameter}=10`);
  }
  declines("RFC 7692 section 7.1.2.1: a value has to be there", "server_max_window_bits");
  declines("RFC 7692 section 7.1: a repeated parameter", "client_max_window_bits; client_max_window_bits=9");
  for (const parameter of [
    "foo",
    "foo=1",
    "no_context_takeover",
    "Server_Max_Window_Bits=10",
    "__proto__",
    "constructor=1",
  ]) {
    declines("RFC 7692 section 7.1: an unknown parameter", parameter);
    declines("RFC 7692 section 7.1: an unknown parameter", `client_max_window_bits; ${parameter}`);
  }
});

describe("RFC 6455 section 9.1: an offer that is none", () => {
  for (const parameter of [
    "server_max_window_bits=",
    'server_max_window_bits=""',
    "client_max_window_bits= ",
    'server_max_window_bits="10',
    "server_max_window_bits=10=10",
    "client_max_window_bits 10",
    'client_max_window_bits="1 0"',
    "",
    "=10",
  ]) {
    for (const offer of [`permessage-deflate; ${parameter}`, `${good}, permessage-deflate; ${parameter}`]) {
      it(`RFC 6455 section 9.1 (MUST): ${JSON.stringify(offer)}: 400, no 101`, () =>
        echoing(takingOver, async ({ connect }) => {
          const client = (await connect()).send(openingHandshake({ [extensionsField]: offer }));
          expect((await client.response()).status).to.equal(400);
        }));
    }
  }
});

describe("RFC 7692 section 5: the server declines", () => {
  for (const options of [{}, { perMessageDeflate: false }] as const) {
    answers(`RFC 7692 section 5, with ${JSON.stringify(options)}`, "permessage-deflate", undefined, options);
  }
  answers("RFC 7692 section 5, for this request", "permessage-deflate; client_max_window_bits", undefined, {
    perMessageDeflate: true,
    accept: () => admit(undefined, { compress: false }),
  });
  answers("RFC 7692 section 5, for this request, after a while", "permessage-deflate", undefined, {
    perMessageDeflate: true,
    accept: async () => admit(undefined, { compress: false }),
  });
  for (const compress of [true, undefined]) {
    answers(`RFC 7692 section 5, not when told ${compress}`, "permessage-deflate", bothForget, {
      perMessageDeflate: true,
      accept: () => admit(undefined, compress === undefined ? {} : { compress }),
    });
  }

  it("RFC 7692 section 5: what one client is refused another one gets", () =>
    echoing(
      {
        perMessageDeflate: true,
        accept: ({ request }) => admit(undefined, { compress: request.target === "/chat" }),
      },
      async ({ connect }) => {
        for (const [target, agreed] of [
          ["/chat", [bothForget]],
          ["/old-safari", []],
          ["/chat", [bothForget]],
        ] as const) {
          const line = `GET ${target} HTTP/1.1`;
          const client = (await connect()).send(openingHandshake({ [extensionsField]: "permessage-deflate" }, line));
          expect((await client.response()).all(extensionsField)).to.deep.equal(agreed);
        }
      },
    ));
});
