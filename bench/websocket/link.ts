import { connect, type Socket } from "node:net";

/** All connections read into the same memory: what came is counted, not kept. */
const buffer = Buffer.allocUnsafe(65_536);

/** CRLF CRLF. */
const emptyLine = 0x0d0a0d0a;

/** How a link is made. */
export interface LinkOptions {
  readonly port: number;
  /** The request that opens the WebSocket. */
  readonly handshake: string;
  /** The handshake has been answered. */
  opened(link: Link): void;
}

/** A client's WebSocket that only counts. */
export class Link {
  readonly socket: Socket;
  /** Told how many bytes have come, after the handshake's answer. */
  heard: (bytes: number) => void = () => {};
  #isOpen = false;
  readonly #opened: (link: Link) => void;

  constructor({ port, handshake, opened }: LinkOptions) {
    this.#opened = opened;
    const callback = (bytes: number): boolean => this.#read(bytes);
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true, onread: { buffer, callback } });
    this.socket.on("connect", () => this.socket.write(handshake, "latin1"));
    this.socket.on("end", () => {
      throw new Error("the server has ended a connection");
    });
  }

  #read(bytes: number): true {
    if (this.#isOpen) {
      this.heard(bytes);
    } else {
      // one segment on the loopback; that its text is right has been seen at the rehearsal
      if (buffer.readUInt32BE(bytes - 4) !== emptyLine) {
        throw new Error(`not the answer to a handshake: ${buffer.toString("latin1", 0, bytes)}`);
      }
      this.#isOpen = true;
      this.#opened(this);
    }
    return true;
  }
}
