import { assert } from "chai";
import { type Fields, type HttpRequest, health, type ProxyHeader, type ServerOptions, upgradeRequired } from "turnout";
import { type Run, run } from "./client-program.ts";
import { type Fronted, servingBehind, tcpFront } from "./fronts.ts";
import { Intermediary, type Recipe } from "./intermediary.ts";
import { patiently } from "./patiently.ts";

/** What the server saw of one request. */
export interface SeenBehind {
  readonly target: string;
  readonly httpVersion: string;
  readonly secure: boolean;
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly proxy: ProxyHeader | undefined;
  readonly headers: Fields;
  /** Bytes of its content. */
  readonly length: number;
}

/** A server, and an intermediary before it. */
export interface Behind extends Fronted {
  readonly intermediary: Intermediary;
  /** The requests that the application answered, in order. */
  readonly seen: readonly SeenBehind[];
  /** The only one. */
  only(): SeenBehind;
}

/** The server answers health checks, and each request with its target; `/required` with 426, of `echo/1`. */
export function behind(
  recipe: (port: number) => Recipe,
  test: (behind: Behind) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  const seen: SeenBehind[] = [];
  const respond = async (request: HttpRequest) => {
    const { target, httpVersion, secure, headers, peer } = request;
    const { address, port, proxy } = peer;
    const { length } = await request.bytes();
    seen.push({ target, httpVersion, secure, address, port, proxy, headers, length });
    return target === "/required" ? upgradeRequired("echo/1") : { body: `${target}\n` };
  };
  const only = (): SeenBehind => {
    assert.lengthOf(seen, 1);
    return seen[0]!;
  };
  return servingBehind(
    tcpFront,
    { proxy: { from: ["127.0.0.1"] }, respond: health({}, respond), ...options },
    async (fronted) => {
      const intermediary = await Intermediary.start(recipe(fronted.port));
      try {
        await patiently(() => test({ ...fronted, intermediary, seen, only }));
        assert.deepEqual(fronted.faults, []);
        assert.deepEqual(fronted.server.stats().refused, {});
      } finally {
        await intermediary.stop();
      }
    },
  );
}

/** Where curl comes from: an address of loopback that the intermediary does not have. */
export const curlAddress = "127.0.0.7";

/** A curl from {@link curlAddress} that succeeds: what it got, and its port. */
export async function curlFrom(args: readonly string[]): Promise<{ body: string; port: number }> {
  const options = ["--silent", "--show-error", "--max-time", "15", "--interface", curlAddress];
  const { code, stdout, stderr }: Run = await run("curl", [...options, "--write-out", "%{local_port}", ...args]);
  assert.equal(code, 0, stderr);
  const [body, port] = stdout.toString().split("\n");
  return { body: body!, port: Number(port) };
}
