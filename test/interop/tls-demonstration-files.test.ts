import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { UsageError } from "turnout";
import { selfSigned } from "turnout/testing";
import { TlsProtocol } from "turnout/tls";
import { Conversation } from "../support/clients.ts";
import { program } from "../support/demonstration.ts";

describe("the demonstration server's files for TLS", () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "turnout-files-"));
    const { cert, key } = selfSigned();
    await writeFile(file("cert.pem"), cert);
    await writeFile(file("key.pem"), key);
    await writeFile(file("text"), "neither a certificate nor a key\n");
    await writeFile(file("empty"), "");
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** How it ends that must not listen; one that listens is ended, and told so. */
  const ending = async (...args: readonly string[]): Promise<{ code: number | null; stderr: string }> => {
    const server = new Conversation(process.execPath, [program, "--port", "0", ...args]);
    const listens = server.said(/listens on/).then(
      async () => {
        const { stderr } = await server.stop("SIGTERM");
        return { code: null, stderr: `it listens; ${stderr}` };
      },
      () => server.ended,
    );
    return listens;
  };

  it("an empty key is told in one sentence", async () => {
    const { code, stderr } = await ending("--cert", file("cert.pem"), "--key", file("empty"));
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^turnout: TLS cannot be spoken: [^\n]+\.\n$/);
  });

  it("TlsProtocol refuses a certificate whose key is empty", () => {
    const { cert } = selfSigned();
    assert.throws(() => new TlsProtocol({ cert, key: "" }), Error);
  });

  it("TlsProtocol refuses options by which no handshake can succeed: neither certificate nor key, nor SNICallback", () => {
    assert.throws(() => new TlsProtocol({}), UsageError);
  });

  for (const [title, cert, key] of [
    ["certificate", "text", "key.pem"],
    ["key", "cert.pem", "text"],
  ] as const) {
    it(`the file is named whose content is no ${title}`, async () => {
      const { code, stderr } = await ending("--cert", file(cert), "--key", file(key));
      assert.equal(code, 1);
      assert.include(stderr, file("text"));
    });
  }

  it("--save-cert without --tls is either followed or refused", async () => {
    const { code } = await ending("--save-cert", file("saved.pem"));
    assert.isTrue(code === 2 || existsSync(file("saved.pem")));
  });
});
