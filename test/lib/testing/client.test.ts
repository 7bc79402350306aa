import { duplexPair } from "node:stream";
import { expect } from "chai";
import { Client } from "turnout/testing";
import { rejectionOf } from "../../support/failures.ts";

/** A client, and the other end of its stream. */
function pair() {
  const [near, far] = duplexPair();
  far.on("error", () => {});
  return { client: new Client(near), far };
}

describe("Client", () => {
  it("takes bytes by count, by mark, and to the end", async () => {
    const { client, far } = pair();
    far.write("abcd");
    far.end("ef\r\ngh");
    expect(String(await client.take(2))).to.equal("ab");
    expect(String(await client.takeUntil("\r\n"))).to.equal("cdef\r\n");
    expect(String(await client.rest())).to.equal("gh");
    expect(client.pending.length).to.equal(0);
  });

  it("waits for what comes later", async () => {
    const { client, far } = pair();
    const taken = client.take(2);
    far.write("a");
    setImmediate(() => far.write("b"));
    expect(String(await taken)).to.equal("ab");
  });

  it("sends text as latin1, and bytes as they are", async () => {
    const { client, far } = pair();
    const other = new Client(far);
    client.send("\xff").send(Uint8Array.of(1));
    await client.sendSegment("\xfe");
    client.end();
    expect([...(await other.rest())]).to.deep.equal([0xff, 1, 0xfe]);
  });

  for (const [title, wait] of [
    ["a count", (client: Client) => client.take(9)],
    ["a mark", (client: Client) => client.takeUntil("x")],
  ] as const) {
    it(`a wait for ${title} ends with the connection, and says what had come`, async () => {
      const { client, far } = pair();
      far.write("ab");
      await client.take(1);
      const waiting = rejectionOf(wait(client));
      const reason = new Error("broken");
      client.stream.destroy(reason);
      const error = (await waiting) as Error;
      expect(error.message).to.match(/waited in vain for .* \(closed\); pending: "b"/);
      expect(error.cause).to.equal(reason);
    });
  }

  it("rest() fails where the connection did, gone() does not", async () => {
    const reason = new Error("broken");
    const [one, other] = [pair(), pair()];
    one.far.write("ab");
    other.far.write("ab");
    await Promise.all([one.client.take(1), other.client.take(1)]);
    one.client.stream.destroy(reason);
    other.client.stream.destroy(reason);
    expect(await rejectionOf(one.client.rest())).to.equal(reason);
    expect(String(await other.client.gone())).to.equal("b");
  });
});
