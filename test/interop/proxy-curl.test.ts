import { assert } from "chai";
import type { HttpRequest } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { requireClient, run } from "../support/client-program.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { certificate } from "../support/tls-serving.ts";

describe("curl --haproxy-protocol", () => {
  before(function () {
    requireClient(this, "curl", "--version");
  });

  for (const [title, args, scheme, version] of [
    ["HTTP/1.1", [], "http", "1.1"],
    ["HTTP/2 by prior knowledge", ["--http2-prior-knowledge"], "http", "2.0"],
    ["an Upgrade to h2c, which is not taken", ["--http2"], "http", "1.1"],
    ["TLS", ["--insecure", "--http1.1"], "https", "1.1"],
    ["HTTP/2 in TLS", ["--insecure"], "https", "2.0"],
  ] as const) {
    it(`its own address, by a line of version 1: ${title}`, () => {
      const seen: unknown[] = [];
      const respond = ({ peer, httpVersion, secure }: HttpRequest) => {
        seen.push([peer.proxy?.version, peer.address, peer.port, httpVersion, secure]);
        return { body: "\n" };
      };
      const protocols = [new TlsProtocol(certificate), new Http2Protocol()];
      return servingBehind(
        tcpFront,
        { proxy: { from: ["127.0.0.1"] }, protocols, respond },
        async ({ port, server, faults }) => {
          const url = `${scheme}://127.0.0.1:${port}/`;
          const options = ["--silent", "--show-error", "--max-time", "15", "--write-out", "%{local_port}"];
          const { code, stdout, stderr } = await run("curl", [...options, "--haproxy-protocol", ...args, url]);
          assert.equal(code, 0, stderr);
          assert.deepEqual(seen, [[1, "127.0.0.1", Number(stdout), version, scheme === "https"]]);
          assert.deepEqual([server.stats().refused, faults], [{}, []]);
        },
      );
    });
  }
});
