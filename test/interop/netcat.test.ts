import { assert } from "chai";
import { requireClient, run } from "../support/client-program.ts";
import { Conversation, exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";

const upgrade = (target: string, more = "", content = ""): string =>
  `${content === "" ? "GET" : "POST"} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: example/1, foo/2\r\n${more}\r\n${content}`;
const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: example/1\r\nConnection: Upgrade\r\n\r\n";

interface RawProgram {
  readonly title: string;
  readonly name: string;
  /** Shows what the program is, on standard output or standard error. */
  readonly versionFlag: string;
  readonly version: RegExp;
  readonly args: (port: number) => string[];
}

/** Clients that send what they read, end their side when it ends, and show what comes. */
const clients: readonly RawProgram[] = [
  {
    title: "nc -N",
    name: "nc",
    versionFlag: "-h",
    version: /^OpenBSD netcat/m, // the others have no -N
    args: (port) => ["-N", "127.0.0.1", String(port)],
  },
  {
    title: "socat",
    name: "socat",
    versionFlag: "-V",
    version: /^socat version/m,
    args: (port) => ["-t", "20", "-", `TCP:127.0.0.1:${port}`],
  },
];

for (const { title, name, versionFlag, version, args } of clients) {
  describe(`${title}, speaking example/1`, () => {
    let server: Demonstration;

    before(async function () {
      requireClient(this, name, versionFlag);
      const { stdout, stderr } = await run(name, [versionFlag]);
      if (!version.test(stdout.toString() + stderr)) {
        requireClient(this, `${name}, as ${title} needs it,`, versionFlag);
      }
      server = await Demonstration.start("--quiet");
    });

    after(async () => {
      if (server !== undefined) {
        assert.equal(await exitCodeOf(server), 0);
      }
    });

    const say = async (bytes: string): Promise<string> => {
      const { code, stdout, stderr } = await run(name, args(server.port), Buffer.from(bytes, "latin1"));
      assert.equal(code, 0, stderr);
      return stdout.toString("latin1");
    };

    it("the original request is answered in the new protocol, and bytes behind it are echoed", async () => {
      assert.equal(await say(`${upgrade("/example")}ping\r\n`), `${switched}example/1 GET /example \r\nping\r\n`);
    });

    it("a talk, and then both sides end: first the client's, behind it the server's", async () => {
      const talk = new Conversation(name, args(server.port));
      try {
        talk.send(upgrade("/example"));
        await talk.said(/\r\n\r\nexample\/1 GET \/example \r\n$/);
        talk.send("ping\r\n");
        await talk.said(/\r\nping\r\n$/);
        const { code, stdout } = await talk.end("last\r\n");
        assert.equal(stdout.toString(), `${switched}example/1 GET /example \r\nping\r\nlast\r\n`);
        assert.equal(code, 0);
      } finally {
        await talk.stop();
      }
    });

    it("on a path of its own", async () => {
      assert.equal(await say(upgrade("/index.html")), `${switched}example/1 GET /index.html \r\n`);
    });

    it("with content, which is read before the 101", async () => {
      const request = upgrade("/required?a=b", "Content-Length: 5\r\n", "HELLO");
      assert.equal(await say(`${request}x`), `${switched}example/1 POST /required?a=b HELLO\r\nx`);
    });

    it("a megabyte comes back whole", async () => {
      const bytes = "0123456789abcdef".repeat(65_536);
      assert.equal(await say(upgrade("/example") + bytes), `${switched}example/1 GET /example \r\n${bytes}`);
    });

    it("two pipelined requests are answered in order", async () => {
      const answers = await say(
        "GET /delay/20 HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
      );
      assert.match(answers, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nwaited 20 ms\nHTTP\/1\.1 200 OK\r\n.*\r\n\r\nhi$/s);
    });
  });
}
