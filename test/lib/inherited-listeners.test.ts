import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, connect as connectSocket, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { inheritedListeners } from "turnout";
import { ChildServer } from "../support/child-server.ts";
import { codeOf, failureOf } from "../support/failures.ts";
import { descriptorOf } from "../support/intermediary.ts";
import { RawClient } from "../support/raw-client.ts";

const variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"];
const self = String(process.pid);

/** Sets the variables as whoever starts a process would. */
function given(values: Readonly<Record<string, string>>): void {
  for (const name of variables) {
    delete process.env[name];
  }
  Object.assign(process.env, values);
}

/** What is left of them. */
const left = (): string[] => variables.filter((name) => name in process.env);

describe("inheritedListeners", () => {
  const own = Object.fromEntries(
    variables.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined),
  );

  afterEach(() => given(own as Record<string, string>));

  for (const [what, env, listeners] of [
    ["nothing was passed", {}, []],
    ["one", { LISTEN_PID: self, LISTEN_FDS: "1" }, [{ fd: 3, name: "unknown" }]],
    [
      "three, with names",
      { LISTEN_PID: self, LISTEN_FDS: "3", LISTEN_FDNAMES: "web:admin.socket:" },
      [
        { fd: 3, name: "web" },
        { fd: 4, name: "admin.socket" },
        { fd: 5, name: "unknown" },
      ],
    ],
    [
      "more than have names",
      { LISTEN_PID: self, LISTEN_FDS: "2", LISTEN_FDNAMES: "web" },
      [
        { fd: 3, name: "web" },
        { fd: 4, name: "unknown" },
      ],
    ],
    ["none", { LISTEN_PID: self, LISTEN_FDS: "0" }, []],
    ["for another process", { LISTEN_PID: String(process.ppid), LISTEN_FDS: "1" }, []],
    ["for nobody in particular", { LISTEN_FDS: "1" }, []],
    ["for another spelling of this process", { LISTEN_PID: `0${self}`, LISTEN_FDS: "1" }, []],
  ] as const) {
    it(`sd_listen_fds(3): ${what}; the variables are removed, and a further call gives none`, () => {
      given({ ...env, LISTEN_PIDFDID: "1" });
      expect(inheritedListeners()).to.deep.equal(listeners);
      expect(left()).to.deep.equal([]);
      expect(inheritedListeners()).to.deep.equal([]);
    });
  }

  for (const [what, env] of [
    ["no number", {}],
    ["a malformed number", { LISTEN_FDS: "1x" }],
    ["a negative number", { LISTEN_FDS: "-1" }],
    ["an empty number", { LISTEN_FDS: "" }],
    ["too large a number", { LISTEN_FDS: "10000" }],
  ] as const) {
    it(`sd_listen_fds(3): ${what} is an error, and the variables are removed all the same`, () => {
      given({ LISTEN_PID: self, ...env });
      expect(codeOf(failureOf(inheritedListeners))).to.equal("ERR_TURNOUT_OPTION");
      expect(left()).to.deep.equal([]);
    });
  }

  it("a server on two sockets that it was started with, of TCP and of UNIX; its children get neither", async function () {
    if (process.platform === "win32") {
      this.skip(); // Node cannot listen on a descriptor there
    }
    this.timeout(30_000);
    const path = join(tmpdir(), `turnout-inherited-${process.pid}.sock`);
    rmSync(path, { force: true });
    const opened = [createTcpServer().listen(0, "127.0.0.1"), createTcpServer().listen(path)];
    await Promise.all(opened.map((listener) => once(listener, "listening")));
    const { port } = opened[0]!.address() as AddressInfo;
    const server = ChildServer.inheriting(opened.map(descriptorOf), "web:local");
    try {
      await once(server.child, "spawn");
      const local = new RawClient(connectSocket({ path })); // before the path is removed with the socket that made it
      for (const listener of opened) {
        listener.close();
      }
      const { pid, addresses, names, childHas } = await server.said();
      expect([pid, names]).to.deep.equal([server.child.pid, ["web", "local"]]);
      expect(addresses).to.deep.equal([{ address: "127.0.0.1", family: "IPv4", port }, "fd:4"]);
      expect(childHas).to.equal("");
      for (const client of [await RawClient.connect(port), local]) {
        client.send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        expect((await client.response()).body).to.equal(`${pid} /a\n`);
        client.stream.destroy();
      }
    } finally {
      expect(await server.stop()).to.equal(0);
      rmSync(path, { force: true });
    }
  });
});
