import { spawnSync } from "node:child_process";
import cluster from "node:cluster";
import { createServer, inheritedListeners } from "turnout";
import { EchoProtocol } from "turnout/echo";

/**
 * A program: a server on the listening sockets that it was started with, or on a free port of loopback. Says in a line of
 * JSON where it listens; answers with its process id and the target; ends on SIGTERM. With `cluster` as its argument it is a
 * primary, of two workers that share a port and are replaced, one after the other, at each SIGHUP.
 */
export interface Said {
  readonly pid: number;
  readonly addresses: readonly unknown[];
  readonly names: readonly string[];
  /** What a child process has of all that. */
  readonly childHas: string;
}

function say(said: Said | { readonly rolled: true }): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

async function serve(): Promise<void> {
  const server = createServer({
    protocols: [new EchoProtocol()],
    respond: ({ target }) => ({ body: `${process.pid} ${target}\n` }),
  });
  process.once("SIGTERM", async () => {
    await server.close();
    cluster.worker?.disconnect(); // waits for connections that the primary has handed out meanwhile, and takes back
  });
  const inherited = inheritedListeners();
  for (const where of inherited.length > 0
    ? inherited
    : [{ port: Number(process.env["PORT"] ?? 0), host: "127.0.0.1" }]) {
    await server.listen(where);
  }
  const { stdout } = spawnSync("sh", [
    "-c",
    'test -S /dev/fd/3 && echo a socket; echo "$LISTEN_PID$LISTEN_FDS$LISTEN_FDNAMES"',
  ]);
  const names = inherited.map(({ name }) => name);
  const said = { pid: process.pid, addresses: server.addresses(), names, childHas: String(stdout).trim() };
  if (cluster.isWorker) {
    process.send!(said);
  } else {
    say(said);
  }
}

/** A worker, once it listens. */
function worker(): Promise<{ end(): Promise<void>; said: Said }> {
  return new Promise((resolve) => {
    const forked = cluster.fork();
    forked.once("message", (said: Said) =>
      resolve({
        said,
        end: () =>
          new Promise((ended) => {
            forked.once("exit", () => ended());
            forked.process.kill("SIGTERM");
          }),
      }),
    );
  });
}

async function primary(): Promise<void> {
  let workers = [await worker(), await worker()];
  process.on("SIGHUP", async () => {
    for (const old of workers) {
      workers = [...workers.filter((one) => one !== old), await worker()];
      await old.end();
    }
    say({ rolled: true });
  });
  process.once("SIGTERM", async () => {
    await Promise.all(workers.map(({ end }) => end()));
    process.exit(0);
  });
  say(workers[0]!.said);
}

await (process.argv[2] === "cluster" && cluster.isPrimary ? primary() : serve());
