import { Writable } from "node:stream";
import { expect } from "chai";
import { Output } from "../../lib/output.ts";

/** A stream that remembers each write it was handed. */
function recorder(highWaterMark = 1 << 20) {
  const writes: Buffer[][] = [];
  const stream = new Writable({
    highWaterMark,
    decodeStrings: true,
    write: (chunk: Buffer, _encoding, done) => {
      writes.push([chunk]);
      setImmediate(done); // as a socket does: later
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => chunk as Buffer));
      setImmediate(done);
    },
  });
  return { stream, writes, text: () => writes.map((parts) => Buffer.concat(parts).toString("latin1")) };
}

describe("Output", () => {
  it("text leaves in one write, each character one byte", () => {
    const [output, { stream, text }] = [new Output(), recorder()];
    output.latin1("a\xff");
    output.latin1("b");
    expect(output.length).to.equal(3);
    expect(output.flushTo(stream)).to.equal(true);
    expect([text(), output.length]).to.deep.equal([["a\xffb"], 0]);
  });

  it("a single buffer leaves as it is", () => {
    const [output, { stream, writes }] = [new Output(), recorder()];
    const bytes = Buffer.from("abc");
    output.bytes(bytes);
    output.flushTo(stream);
    expect(writes).to.have.length(1);
    expect(writes[0]![0]).to.equal(bytes);
  });

  it("text and bytes leave in one write, in order", () => {
    const [output, { stream, text }] = [new Output(), recorder()];
    output.latin1("a");
    output.bytes(Buffer.from("b"));
    output.latin1("c");
    output.latin1("d");
    output.bytes(Buffer.from("e"));
    output.latin1("f");
    expect(output.length).to.equal(6);
    output.flushTo(stream);
    expect(text()).to.deep.equal(["abcdef"]);
  });

  it("what is too much to copy leaves together all the same, uncopied", () => {
    const [output, { stream, writes, text }] = [new Output(), recorder()];
    const bytes = Buffer.alloc(65_536, "b");
    output.latin1("a");
    output.bytes(bytes);
    output.latin1("c");
    expect(output.flushTo(stream)).to.equal(true);
    expect(text()).to.deep.equal([`a${"b".repeat(65_536)}c`]);
    expect(writes[0]![1]).to.equal(bytes);
  });

  it("tells when the stream is full", () => {
    for (const sizes of [[4], [2, 2], [65_536, 1]]) {
      const [output, { stream }] = [new Output(), recorder(4)];
      for (const size of sizes) {
        output.bytes(Buffer.alloc(size));
      }
      expect(output.flushTo(stream)).to.equal(false);
    }
    const [output, { stream }] = [new Output(), recorder(4)];
    output.latin1("abcd");
    expect(output.flushTo(stream)).to.equal(false);
  });

  it("clear() forgets text and bytes", () => {
    const [output, { stream, text }] = [new Output(), recorder()];
    output.bytes(Buffer.from("a"));
    output.latin1("b");
    output.clear();
    expect(output.length).to.equal(0);
    output.latin1("c");
    output.flushTo(stream);
    expect(text()).to.deep.equal(["c"]);
  });
});
