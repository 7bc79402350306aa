import { connect, type Socket } from "node:net";
import type { Door } from "../suites/suite.ts";
import { body } from "../suites/workload.ts";

const frameHeaderBytes = 9;
const types = { data: 0, headers: 1, settings: 4, windowUpdate: 8 } as const;
const endStream = 1;

function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** 100 streams, 65,535 bytes of window, as nghttp says it. */
const settings = "AAMAAABkAAQAAP__";
const get = "GET / HTTP/1.1\r\nHost: localhost\r\n";
const upgrade = `${get}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: ${settings}\r\n\r\n`;
/** The preface, the settings, and a window for the connection that is never used up. */
const opening = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(types.settings, 0, 0, Buffer.from(settings, "base64url")),
  frame(types.windowUpdate, 0, 0, Buffer.from([0x7f, 0, 0, 0])),
]);
const acknowledgement = frame(types.settings, 1, 0);
/** GET, http, / and localhost (RFC 7541 appendix A). */
const request = frame(types.headers, 0x4 | endStream, 0, Buffer.from("\x82\x86\x84\x01\x09localhost", "latin1"));

function requestOn(stream: number): Buffer {
  const bytes = Buffer.from(request);
  bytes.writeUInt32BE(stream, 5);
  return bytes;
}

const emptyLine = Buffer.from("\r\n\r\n");

/** A client's connection, which asks for the same again and again. The first answer is read, of the others the ends are counted. */
export class Http2Link {
  readonly socket: Socket;
  readonly #door: Door;
  readonly #answered: (link: Http2Link) => void;
  #speaks: "HTTP/1.1" | "HTTP/2";
  #bytes: Buffer = Buffer.alloc(0);
  #isRead = false;
  #nextStream = 1;

  /** `opened` is told when it is connected; `answered`, of each answer. */
  constructor(port: number, door: Door, opened: (link: Http2Link) => void, answered: (link: Http2Link) => void) {
    this.#door = door;
    this.#answered = answered;
    this.#speaks = door === "prior knowledge" ? "HTTP/2" : "HTTP/1.1";
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("connect", () => opened(this));
    this.socket.on("data", (chunk) => this.#read(chunk));
    this.socket.on("end", () => {
      throw new Error("the server has ended a connection");
    });
  }

  /** Asks for the first time. */
  begin(): void {
    if (this.#door === "upgrade") {
      this.#nextStream = 3;
      this.socket.write(upgrade, "latin1");
    } else {
      this.socket.write(Buffer.concat([opening, requestOn(this.#stream())]));
    }
  }

  ask(): void {
    this.socket.write(requestOn(this.#stream()));
  }

  #stream(): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    return stream;
  }

  #read(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (this.#speaks === "HTTP/1.1") {
      this.#readHead();
    }
    if (this.#speaks === "HTTP/2") {
      this.socket.cork();
      this.#readFrames();
      this.socket.uncork();
    }
  }

  /** Of the 101. */
  #readHead(): void {
    const end = this.#bytes.indexOf(emptyLine) + emptyLine.length;
    if (end < emptyLine.length) {
      return;
    }
    if (!this.#bytes.toString("latin1", 0, end).startsWith("HTTP/1.1 101 ")) {
      throw new Error(`no 101: ${this.#bytes.toString("latin1")}`);
    }
    this.#bytes = this.#bytes.subarray(end);
    this.#speaks = "HTTP/2";
    this.socket.write(opening);
  }

  #readFrames(): void {
    const bytes = this.#bytes;
    let at = 0;
    let acknowledges = false;
    while (bytes.length - at >= frameHeaderBytes && !this.socket.destroyed) {
      const end = at + frameHeaderBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.length) {
        break;
      }
      const type = bytes[at + 3];
      const flags = bytes[at + 4]!;
      acknowledges ||= type === types.settings && flags === 0;
      if (type === types.data) {
        this.#check(bytes.subarray(at + frameHeaderBytes, end));
      } else if (type === 3 || type === 7) {
        throw new Error(`the server has ended ${type === 3 ? "a stream" : "the connection"}`);
      }
      if ((type === types.data || type === types.headers) && (flags & endStream) !== 0) {
        this.#answered(this);
      }
      at = end;
    }
    this.#bytes = bytes.subarray(at);
    if (acknowledges && !this.socket.destroyed) {
      this.socket.write(acknowledgement);
    }
  }

  /** Whether the first content that came is what was asked for. */
  #check(content: Buffer): void {
    if (!this.#isRead && content.length > 0) {
      this.#isRead = true;
      if (content.toString("latin1") !== body) {
        throw new Error(`not the answer: ${content.toString("latin1")}`);
      }
    }
  }
}
