import { EventEmitter, once } from "node:events";
import { expect } from "chai";
import type { ServerOptions } from "turnout";
import { type WebSocketOptions, WebSocketProtocol } from "turnout/websocket";
import { deliveries } from "./cuts.ts";
import { deliver } from "./every-delivery.ts";
import { type Fronted, servingBehind, tcpFront } from "./fronts.ts";
import type { RawClient, SeenResponse } from "./raw-client.ts";

/** Opcodes (RFC 6455 section 5.2). */
export const opcode = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** The key and the accept value of RFC 6455 section 1.3. */
export const sampleKey = "dGhlIHNhbXBsZSBub25jZQ==";
export const sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** The masking key of the examples in RFC 6455 section 5.7. */
const exampleMask: Uint8Array = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** In what a client's frame differs from a final one that keeps all rules. */
export interface FrameShape {
  readonly fin?: boolean;
  /** The three reserved bits: 4 is RSV1, 2 is RSV2, 1 is RSV3. */
  readonly rsv?: number;
  /** The masking key; null: not masked. */
  readonly key?: Uint8Array | null;
  /** The length that is declared, whatever the payload's is. */
  readonly length?: number | bigint;
  /** Bytes of the extended payload length: 0, 2 or 8. Default: as few as do. */
  readonly lengthBytes?: 0 | 2 | 8;
}

/** A frame as a client sends it; text is UTF-8. */
export function clientFrame(code: number, data: string | Uint8Array = "", shape: FrameShape = {}): Buffer {
  const { fin = true, rsv = 0, key = exampleMask } = shape;
  const payload = Buffer.from(data as string);
  const length = BigInt(shape.length ?? payload.length);
  const lengthBytes = shape.lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const header = Buffer.alloc(2 + lengthBytes);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | code;
  header[1] = (key === null ? 0 : 0x80) | (lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) {
    header.writeUInt16BE(Number(length), 2);
  } else if (lengthBytes === 8) {
    header.writeBigUInt64BE(length, 2);
  }
  return key === null ? Buffer.concat([header, payload]) : Buffer.concat([header, key, masked(payload, key)]);
}

/** RFC 6455 section 5.3; the same undoes it. */
export function masked(payload: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.from(payload.map((byte, at) => byte ^ key[at % 4]!));
}

/** The payload of a Close frame. */
export function closePayload(code: number, reason: string | Uint8Array = ""): Buffer {
  return Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason as string)]);
}

/** A client's Close frame. */
export function closeFrame(code: number, reason: string | Uint8Array = ""): Buffer {
  return clientFrame(opcode.close, closePayload(code, reason));
}

/** One frame of the server's. */
export interface SeenFrame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Reads what a server sent; throws where it is not whole frames that a server may send. */
export function framesIn(output: string | Buffer): SeenFrame[] {
  const bytes = typeof output === "string" ? Buffer.from(output, "latin1") : output;
  const frames: SeenFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { headerLength, length } = frameLengths(bytes.subarray(at));
    const end = at + headerLength + length;
    if (end > bytes.length) {
      throw new Error(`a frame is cut: ${bytes.subarray(at).toString("hex")}`);
    }
    frames.push(seenFrame(bytes[at]!, bytes.subarray(at + headerLength, end)));
    at = end;
  }
  return frames;
}

/** Takes the next frame that the server sends. */
export async function takeFrame(client: RawClient): Promise<SeenFrame> {
  let header = await client.take(2);
  const extended = header.charCodeAt(1) & 0x7f;
  header += await client.take(extended === 126 ? 2 : extended === 127 ? 8 : 0);
  const { length } = frameLengths(Buffer.from(header, "latin1"));
  return seenFrame(header.charCodeAt(0), Buffer.from(await client.take(length), "latin1"));
}

/** The frame in words: `text "Hello"`, `binary 00ff`, `close 1002`; what breaks a rule of the server's side throws. */
export function inWords({ fin, rsv, opcode: code, payload }: SeenFrame): string {
  const name = Object.entries(opcode).find(([, value]) => value === code)?.[0];
  if (name === undefined || rsv !== 0 || (code >= opcode.close && (!fin || payload.length > 125))) {
    throw new Error(`no server may send this: fin ${fin}, rsv ${rsv}, opcode ${code}, ${payload.length} bytes`);
  }
  const said =
    code === opcode.text
      ? JSON.stringify(payload.toString())
      : code === opcode.close
        ? payload
            .subarray(0, 2)
            .toString("hex")
            .replace(/^..../, (hex) => `${Number.parseInt(hex, 16)}`)
        : payload.toString("hex");
  return [fin ? name : `${name}, more to come:`, said].join(" ").trim();
}

/** All that a server sent, in words. */
export function wordsIn(output: string | Buffer): string[] {
  return framesIn(output).map(inWords);
}

/** Field lines by name: several for a list, none for undefined. */
export type HandshakeFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The request that opens a WebSocket; `fields` replace those of the same spelling, and come behind them otherwise. */
export function openingHandshake(fields: HandshakeFields = {}, requestLine = "GET /chat HTTP/1.1"): string {
  const all: HandshakeFields = {
    Host: "h",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Key": sampleKey,
    "Sec-WebSocket-Version": "13",
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => `${name}: ${value}`),
  );
  return `${[requestLine, ...lines].join("\r\n")}\r\n\r\n`;
}

/** Sends an opening handshake, with `bytes` right behind it, and takes the 101. Throws for any other answer. */
export async function openWebSocket(
  client: RawClient,
  fields: HandshakeFields = {},
  bytes: Uint8Array = Buffer.alloc(0),
): Promise<SeenResponse> {
  client.send(Buffer.concat([Buffer.from(openingHandshake(fields), "latin1"), bytes]));
  const response = await client.response();
  if (response.status !== 101) {
    throw new Error(`no 101: ${response.head}\n${response.body}`);
  }
  return response;
}

/** What a `close` callback was told. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
  /** The stable code of the error; undefined where there was none. */
  readonly error: string | undefined;
}

/** A server under test with one WebSocket module. */
export interface Echoing extends Fronted {
  readonly protocol: WebSocketProtocol;
  /** Opens a WebSocket, with `bytes` right behind the handshake. */
  open(fields?: HandshakeFields, bytes?: Uint8Array): Promise<RawClient>;
  /** Waits for the next call of the `close` callback. */
  nextClosing(): Promise<Closing>;
}

/** Runs `test` against a server that sends every message back, unless `options` say otherwise. */
export function echoing(
  options: WebSocketOptions<undefined>,
  test: (echoing: Echoing) => Promise<void>,
  serverOptions: ServerOptions = {},
): Promise<void> {
  const closings: Closing[] = [];
  const told = new EventEmitter();
  const protocol = new WebSocketProtocol<undefined>({
    message: (socket, message) => void socket.send(message),
    ...options,
    close: (socket, code, reason, error) => {
      closings.push({ code, reason, error: (error as { code?: string } | undefined)?.code });
      told.emit("closing");
      return options.close?.(socket, code, reason, error);
    },
  });
  return servingBehind(tcpFront, { ...serverOptions, protocols: [protocol] }, (fronted) => {
    const open = async (fields?: HandshakeFields, bytes?: Uint8Array): Promise<RawClient> => {
      const client = await fronted.connect();
      await openWebSocket(client, fields, bytes);
      return client;
    };
    const nextClosing = async (): Promise<Closing> => {
      while (closings.length === 0) {
        await once(told, "closing", { signal: AbortSignal.timeout(10_000) });
      }
      return closings.shift()!;
    };
    return test({ ...fronted, protocol, open, nextClosing });
  });
}

/** However `bytes` are cut, the server answers with these frames, and goes on. */
export function accepts(
  title: string,
  bytes: Uint8Array,
  words: readonly string[],
  options: WebSocketOptions<undefined> = {},
): void {
  it(title, async function () {
    this.timeout(60_000);
    const all = Buffer.concat([bytes, clientFrame(opcode.text, "next"), closeFrame(1000)]);
    await echoing(options, async (server) => {
      for (const { how, pieces } of deliveries(all)) {
        expect(await answerTo(server, pieces), how).to.deep.equal([...words, 'text "next"', "close 1000"]);
      }
      expect(server.server.stats().refused).to.deep.equal({});
    });
  });
}

/**
 * However `bytes` are cut, and whatever follows them, the server answers with the frames of `words`, and then with a Close
 * frame that has `code`, and ends; it counts a refusal, and another client does not notice.
 */
export function refuses(
  title: string,
  bytes: Uint8Array,
  code: number,
  fault: string,
  { words = [], options = {} }: { words?: readonly string[]; options?: WebSocketOptions<undefined> } = {},
): void {
  it(title, async function () {
    this.timeout(60_000);
    await echoing(options, async (server) => {
      const bystander = await server.open();
      let refused = 0;
      for (const trailing of [[], [clientFrame(opcode.text, "next"), closeFrame(1000)]]) {
        for (const { how, pieces } of deliveries(Buffer.concat([bytes, ...trailing]))) {
          expect(await answerTo(server, pieces), how).to.deep.equal([...words, `close ${code}`]);
          expect(server.server.stats().refused, how).to.deep.equal({ [fault]: ++refused });
          expect(await server.nextClosing(), how).to.deep.equal({ code, reason: "", error: fault });
        }
      }
      bystander.send(clientFrame(opcode.text, "unmoved"));
      expect(inWords(await takeFrame(bystander))).to.equal('text "unmoved"');
      expect(server.faults).to.deep.equal([]);
    });
  });
}

/** Sends each piece in a read of its own; gives what the server sent until its FIN, in words. */
async function answerTo({ open, sockets }: Echoing, pieces: readonly Buffer[]): Promise<string[]> {
  const client = await open();
  await deliver(client, sockets.at(-1)!, pieces);
  const words = wordsIn(await client.rest());
  client.end();
  return words;
}

function seenFrame(first: number, payload: Buffer): SeenFrame {
  return { fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7, opcode: first & 0x0f, payload };
}

/** RFC 6455 sections 5.1 and 5.2: a server does not mask, and uses the shortest length. */
function frameLengths(bytes: Buffer): { headerLength: number; length: number } {
  const second = bytes[1] ?? 0;
  const headerLength = second === 126 ? 4 : second === 127 ? 10 : 2;
  if (bytes.length < headerLength) {
    throw new Error(`a header is cut: ${bytes.toString("hex")}`);
  }
  const length =
    headerLength === 2 ? second : headerLength === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (second > 127 || (headerLength === 4 && length < 126) || (headerLength === 10 && length < 65_536)) {
    throw new Error(`masked, or a longer length than needed: ${bytes.subarray(0, headerLength).toString("hex")}`);
  }
  return { headerLength, length };
}
