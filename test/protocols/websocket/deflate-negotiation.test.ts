import { expect } from "chai";
import { type DeflateAgreement, negotiateDeflate } from "../../../protocols/websocket/deflate-negotiation.ts";
import { parseExtensions } from "../../../protocols/websocket/extensions.ts";

function agree(field: string, contextTakeover = true): DeflateAgreement | undefined {
  return negotiateDeflate(parseExtensions(field)!, { contextTakeover });
}

/** What is agreed on where the offer says nothing, but for `different`; its response is the name and `parameters`. */
function agreement(parameters: string, different: Partial<DeflateAgreement> = {}): DeflateAgreement {
  return {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverWindowBits: 15,
    response: `permessage-deflate${parameters}`,
    ...different,
  };
}

describe("negotiateDeflate", () => {
  for (const [offer, agreed] of [
    ["", agreement("")],
    ["; server_no_context_takeover", agreement("; server_no_context_takeover", { serverNoContextTakeover: true })],
    ["; client_no_context_takeover", agreement("; client_no_context_takeover", { clientNoContextTakeover: true })],
    [
      "; client_no_context_takeover; server_no_context_takeover",
      agreement("; server_no_context_takeover; client_no_context_takeover", {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
      }),
    ],
    ["; client_max_window_bits", agreement("")],
    ["; client_max_window_bits=8", agreement("")],
    ["; client_max_window_bits=15", agreement("")],
    [
      "; server_max_window_bits=10; client_max_window_bits; server_no_context_takeover; client_no_context_takeover",
      agreement("; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10", {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        serverWindowBits: 10,
      }),
    ],
    ['; server_max_window_bits="1\\2"', agreement("; server_max_window_bits=12", { serverWindowBits: 12 })],
  ] as const) {
    it(`RFC 7692 section 7.1: permessage-deflate${offer}`, () => {
      expect(agree(`permessage-deflate${offer}`)).to.deep.equal(agreed);
    });
  }

  for (let bits = 8; bits <= 15; bits++) {
    it(`RFC 7692 section 7.1.2.1, 7.1.2.2: ${bits} bits`, () => {
      expect(agree(`permessage-deflate; server_max_window_bits=${bits}`)).to.deep.equal(
        agreement(`; server_max_window_bits=${bits}`, { serverWindowBits: bits }),
      );
      expect(agree(`permessage-deflate; client_max_window_bits=${bits}`)).to.deep.equal(agreement(""));
    });
  }

  for (const bits of [
    ...["0", "1", "7", "16", "20", "80", "100", "08", "09", "012", "015", "0xa", "0b1010", "1e1", "10.0", "10."],
    ...["+10", "-10", "ten", "10a", "a10", "true", "1_0"],
  ]) {
    it(`RFC 7692 section 7.1.2.1, 7.1.2.2: ${bits} is no number of bits, and declines that offer only`, () => {
      for (const name of ["server_max_window_bits", "client_max_window_bits"]) {
        const bad = `permessage-deflate; ${name}=${bits}`;
        expect(agree(bad), name).to.equal(undefined);
        expect(agree(`${bad}, permessage-deflate; server_no_context_takeover`), name).to.deep.equal(
          agreement("; server_no_context_takeover", { serverNoContextTakeover: true }),
        );
      }
    });
  }

  for (const parameters of [
    "server_max_window_bits",
    "server_no_context_takeover=1",
    "server_no_context_takeover=true",
    "client_no_context_takeover=15",
    "server_no_context_takeover; server_no_context_takeover",
    "client_no_context_takeover; client_no_context_takeover",
    "client_max_window_bits; client_max_window_bits=15",
    "server_max_window_bits=15; server_max_window_bits=15",
    "server_max_window_bits=10; client_max_window_bits; server_max_window_bits=7",
    "unknown",
    "unknown=1",
    "Server_no_context_takeover",
    "__proto__",
    "constructor=8",
    "toString",
    "server_no_context_takeover; unknown",
  ]) {
    it(`RFC 7692 section 7.1: ${parameters} declines that offer only`, () => {
      const bad = `permessage-deflate; ${parameters}`;
      expect(agree(bad)).to.equal(undefined);
      expect(agree(`${bad}, other; a=1, permessage-deflate; server_max_window_bits=9`)).to.deep.equal(
        agreement("; server_max_window_bits=9", { serverWindowBits: 9 }),
      );
    });
  }

  it("RFC 7692 section 5: the first that can be taken is taken", () => {
    expect(agree("permessage-deflate; server_max_window_bits=9, permessage-deflate")?.serverWindowBits).to.equal(9);
    expect(agree("permessage-deflate, permessage-deflate; server_max_window_bits=9")?.serverWindowBits).to.equal(15);
  });

  for (const field of ["permessage-bzip2", "x-webkit-deflate-frame", "permessage-deflate-x", "deflate"]) {
    it(`RFC 6455 section 9.1: ${field} is none of ours`, () => {
      expect(agree(field)).to.equal(undefined);
      expect(agree(`${field}, permessage-deflate`)).to.deep.equal(agreement(""));
    });
  }

  it("nothing offered, nothing agreed", () => {
    expect(negotiateDeflate([], { contextTakeover: true })).to.equal(undefined);
  });

  for (const offer of ["", "; server_no_context_takeover", "; client_no_context_takeover"]) {
    it(`RFC 7692 section 7.1.1: without context takeover both sides are told, asked by "${offer}"`, () => {
      expect(agree(`permessage-deflate${offer}`, false)).to.deep.equal(
        agreement("; server_no_context_takeover; client_no_context_takeover", {
          serverNoContextTakeover: true,
          clientNoContextTakeover: true,
        }),
      );
    });
  }
});
