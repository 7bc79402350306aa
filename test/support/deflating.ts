import { inflatePlainly } from "./plain-inflate.ts";
import type { RawClient } from "./raw-client.ts";
import {
  clientFrame,
  type Echoing,
  type FrameShape,
  inWords,
  opcode,
  openWebSocket,
  takeFrame,
} from "./websocket-frames.ts";

export const extensionsField = "Sec-WebSocket-Extensions";

/** RFC 7692 section 7.2.3.1: "Hello". */
export const deflatedHello = "f248cdc9c90700";
/** RFC 7692 section 7.2.3.2: "Hello" once more, with the first one in view. */
export const helloOnceMore = "f200110000";

/** A client's frame that begins a compressed message; the payload in hex, or as bytes. */
export function deflatedFrame(
  payload: string | Uint8Array,
  shape: FrameShape = {},
  code: number = opcode.text,
): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload.replaceAll(" ", ""), "hex") : payload;
  return clientFrame(code, bytes, { rsv: 4, ...shape });
}

/** A client that has offered `permessage-deflate`, and understands what the server compresses. */
export class DeflatingClient {
  readonly client: RawClient;
  /** The values of Sec-WebSocket-Extensions in the 101. */
  readonly agreed: readonly string[];
  /** The largest distance that the server has used. */
  farthest = 0;
  /** How long the payload of the server's last frame was, as it was sent. */
  lastLength = 0;
  #window: Buffer = Buffer.alloc(0);

  private constructor(client: RawClient, agreed: readonly string[]) {
    this.client = client;
    this.agreed = agreed;
  }

  static async open(
    { connect }: Pick<Echoing, "connect">,
    offer: string | readonly string[] = "permessage-deflate",
  ): Promise<DeflatingClient> {
    const client = await connect();
    const response = await openWebSocket(client, { [extensionsField]: offer });
    return new DeflatingClient(client, response.all(extensionsField));
  }

  send(...frames: readonly Uint8Array[]): this {
    this.client.send(Buffer.concat(frames));
    return this;
  }

  /** The server's next frame, and whether it was compressed. */
  async next(): Promise<{ readonly words: string; readonly payload: Buffer; readonly isCompressed: boolean }> {
    const frame = await takeFrame(this.client);
    this.lastLength = frame.payload.length;
    if (frame.rsv !== 4) {
      return { words: inWords(frame), payload: frame.payload, isCompressed: false };
    }
    const { bytes, farthest } = inflatePlainly(frame.payload, this.#window);
    this.farthest = Math.max(this.farthest, farthest);
    if (!this.agreed.some((value) => value.includes("server_no_context_takeover"))) {
      this.#window = Buffer.concat([this.#window, bytes]).subarray(-32_768);
    }
    return { words: `compressed ${inWords({ ...frame, rsv: 0, payload: bytes })}`, payload: bytes, isCompressed: true };
  }

  /** The server's next frame in words, inflated: `compressed text "Hello"`, `text "Hello"`, `close 1007`. */
  async said(): Promise<string> {
    return (await this.next()).words;
  }
}
