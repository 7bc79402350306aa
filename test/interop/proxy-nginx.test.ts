import { assert } from "chai";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { requireClient, requireFile } from "../support/client-program.ts";
import { nginxStream } from "../support/intermediary.ts";
import { behind, curlAddress, curlFrom } from "../support/interop-proxy.ts";
import { certificate } from "../support/tls-serving.ts";

describe("nginx's streams, proxy_protocol on", () => {
  before(function () {
    requireClient(this, "nginx", "-v");
    requireFile(this, "/usr/lib/nginx/modules/ngx_stream_module.so");
    requireClient(this, "curl", "--version");
  });

  const toServer = (port: number) =>
    nginxStream(`server { listen 80; proxy_pass 127.0.0.1:${port}; proxy_protocol on; }`);

  it("the client's address and port", () =>
    behind(toServer, async ({ intermediary, only }) => {
      const { body, port } = await curlFrom([`http://127.0.0.1:${intermediary.port}/a`]);
      assert.equal(body, "/a");
      const { address, port: seenPort, proxy } = only();
      assert.deepEqual([address, seenPort, proxy?.version], [curlAddress, port, 1]);
      assert.deepEqual(proxy?.destination, { address: "127.0.0.1", port: intermediary.port });
    }));

  it("TLS that goes through, and HTTP/2 in it", () =>
    behind(
      toServer,
      async ({ intermediary, only }) => {
        await curlFrom(["--insecure", `https://localhost:${intermediary.port}/a`]);
        assert.deepInclude(only(), { httpVersion: "2.0", secure: true, address: curlAddress });
      },
      { protocols: [new TlsProtocol(certificate), new Http2Protocol()] },
    ));
});
