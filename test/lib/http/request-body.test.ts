import { expect } from "chai";
import { Fields } from "../../../lib/http/fields.ts";
import { RequestBody } from "../../../lib/http/request-body.ts";
import { codeOf, rejectionOf } from "../../support/failures.ts";

async function collect(body: RequestBody): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of body) {
    chunks.push(chunk.toString());
  }
  return chunks;
}

/** A body that has `chunks` and is complete. */
function complete(...chunks: string[]): RequestBody {
  const body = new RequestBody(() => {});
  for (const chunk of chunks) {
    body.content(Buffer.from(chunk));
  }
  body.complete(Fields.empty);
  return body;
}

describe("RequestBody", () => {
  it("gives the chunks as they came", async () => {
    expect(await collect(complete("a", "b"))).to.deep.equal(["a", "b"]);
  });

  it("asks for more when all is taken, and not before", async () => {
    const chunks = ["b", "c"];
    const body: RequestBody = new RequestBody(() => {
      asked.push(seen.length);
      const chunk = chunks.shift();
      if (chunk === undefined) {
        body.complete(Fields.empty);
      } else {
        body.content(Buffer.from(chunk));
      }
    });
    const [asked, seen]: [number[], string[]] = [[], []];
    body.content(Buffer.from("a"));
    for await (const chunk of body) {
      seen.push(chunk.toString());
    }
    expect([asked, seen]).to.deep.equal([
      [1, 2, 3],
      ["a", "b", "c"],
    ]);
  });

  it("waits for what comes later", async () => {
    const body = new RequestBody(() => {});
    const chunks = collect(body);
    setImmediate(() => {
      body.content(Buffer.from("a"));
      setImmediate(() => body.complete(Fields.empty));
    });
    expect(await chunks).to.deep.equal(["a"]);
  });

  it("has room until 64 KiB wait, and again when they are taken", async () => {
    const body = new RequestBody(() => {});
    body.content(Buffer.alloc(65_535));
    expect(body.hasRoom).to.equal(true);
    body.content(Buffer.alloc(1));
    expect(body.hasRoom).to.equal(false);
    const reader = body[Symbol.asyncIterator]();
    await reader.next();
    expect(body.hasRoom).to.equal(true);
  });

  it("can be read once", async () => {
    const body = complete("a");
    expect(body.isTaken).to.equal(false);
    expect(String(await body.bytes())).to.equal("a");
    expect(body.isTaken).to.equal(true);
    expect(codeOf(await rejectionOf(body.bytes()))).to.equal("ERR_TURNOUT_STATE");
  });

  it("cannot be read by two at a time either", async () => {
    const body = complete("a", "b");
    const [one, other] = await Promise.allSettled([collect(body), collect(body)]);
    expect(one).to.deep.equal({ status: "fulfilled", value: ["a", "b"] });
    expect(other).to.have.nested.property("reason.code", "ERR_TURNOUT_STATE");
  });

  it("that is empty can be read by everybody", async () => {
    expect(String(await RequestBody.empty.bytes())).to.equal("");
    expect(String(await RequestBody.empty.bytes())).to.equal("");
  });

  it("bytes() joins, and copies nothing where there is one chunk", async () => {
    const [body, chunk] = [new RequestBody(() => {}), Buffer.from("one")];
    body.content(chunk);
    body.complete(Fields.empty);
    expect(await body.bytes()).to.equal(chunk);
    expect(String(await complete("a", "b").bytes())).to.equal("ab");
    expect((await complete().bytes()).length).to.equal(0);
  });

  it("RFC 9110 section 15.5.14: bytes(max) rejects beyond the bound", async () => {
    expect(String(await complete("a", "b").bytes(2))).to.equal("ab");
    expect(await rejectionOf(complete("a", "bc").bytes(2))).to.include({ name: "PeerError", status: 413 });
  });

  it("what came before a failure can still be read, and then it fails", async () => {
    const [body, reason] = [new RequestBody(() => {}), new Error("gone")];
    body.content(Buffer.from("a"));
    body.fail(reason);
    body.fail(new Error("later"));
    const reader = body[Symbol.asyncIterator]();
    expect(String((await reader.next()).value)).to.equal("a");
    expect(await rejectionOf(reader.next())).to.equal(reason);
  });

  it("a failure wakes whoever waits", async () => {
    const [body, reason] = [new RequestBody(() => {}), new Error("gone")];
    const reading = rejectionOf(body.bytes());
    setImmediate(() => body.fail(reason));
    expect(await reading).to.equal(reason);
  });

  it("what is complete cannot fail any more", async () => {
    const body = complete("a");
    body.fail(new Error("gone"));
    expect(await collect(body)).to.deep.equal(["a"]);
  });

  it("RFC 9110 section 6.5: the trailers are there when the content has been read", async () => {
    const body: RequestBody = new RequestBody(() => body.complete(Fields.from([["X-Sum", "9"]])));
    expect(body.trailers.size).to.equal(0);
    await body.bytes();
    expect(body.trailers.get("x-sum")).to.equal("9");
  });
});
