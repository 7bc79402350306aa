import {
  clientOpening,
  flag,
  frameInWords,
  http2FramesIn,
  type SeenHttp2Frame,
  settingsPayload,
  takeHttp2Frame,
  type,
} from "./http2-frames.ts";
import type { RawClient } from "./raw-client.ts";

/** An answer, as its frames on one stream tell it. */
export interface SeenAnswer {
  readonly status: number;
  readonly body: string;
  /** The error code of the RST_STREAM that ended it; undefined where it ended in order. */
  readonly reset: number | undefined;
}

/** Speaks HTTP/2 frame by frame, over a connection that has been opened already. */
export class Http2Raw {
  readonly client: RawClient;
  /** Every frame that was taken, in words. */
  readonly seen: string[] = [];
  readonly #waiting: SeenHttp2Frame[] = [];

  constructor(client: RawClient) {
    this.client = client;
  }

  send(...frames: readonly Uint8Array[]): this {
    this.client.send(Buffer.concat(frames));
    return this;
  }

  /** Takes frames up to and with the first that `isIt`. */
  async until(isIt: (frame: SeenHttp2Frame) => boolean): Promise<SeenHttp2Frame> {
    for (;;) {
      const frame = await this.#take();
      if (isIt(frame)) {
        return frame;
      }
    }
  }

  /** Takes the whole answer on a stream; the frames of other streams stay for later. */
  async answerOn(stream: number): Promise<SeenAnswer> {
    const others: SeenHttp2Frame[] = [];
    let status = 0;
    let body = "";
    let reset: number | undefined;
    for (let ended = false; !ended; ) {
      const frame = await this.#take();
      if (frame.stream !== stream) {
        if (frame.stream !== 0) {
          others.push(frame);
        }
        continue;
      }
      if (frame.type === type.headers) {
        status ||= Number(frameInWords(frame).split(" ")[2]);
      } else if (frame.type === type.data) {
        body += frame.payload.toString("latin1");
      } else if (frame.type === type.rstStream) {
        reset = frame.payload.readUInt32BE(0);
        ended = true;
      }
      ended ||= (frame.type === type.headers || frame.type === type.data) && (frame.flags & flag.endStream) !== 0;
    }
    this.#waiting.unshift(...others);
    return { status, body, reset };
  }

  /** Whether every request before has been dealt with: the answer to a PING comes behind what was sent before it. */
  async ping(): Promise<void> {
    this.client.send(pingFrame);
    await this.until((frame) => frame.type === type.ping && frame.flags === flag.ack);
  }

  /** Takes frames until the server has closed, in whichever way; gives all that were taken, in words. */
  async untilClosed(): Promise<readonly string[]> {
    const frames = http2FramesIn(await this.client.gone());
    this.seen.push(...frames.map(frameInWords));
    return this.seen;
  }

  async #take(): Promise<SeenHttp2Frame> {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      return waiting;
    }
    const frame = await takeHttp2Frame(this.client);
    this.seen.push(frameInWords(frame));
    return frame;
  }
}

const pingFrame: Buffer = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, ...Buffer.from("turnout!")]);

/** Opens with prior knowledge. */
export function openHttp2(client: RawClient, ...frames: readonly Uint8Array[]): Http2Raw {
  return new Http2Raw(client).send(clientOpening, ...frames);
}

/** In what an Upgrade to h2c differs from one that keeps all rules. */
export interface UpgradeShape {
  readonly line?: string;
  /** The values of HTTP2-Settings, a field line each. */
  readonly settings?: readonly string[];
  readonly connection?: string;
  readonly token?: string;
  readonly host?: string;
  /** Further field lines, without CRLF. */
  readonly fields?: readonly string[];
  readonly content?: string;
}

/** MAX_CONCURRENT_STREAMS 100 and INITIAL_WINDOW_SIZE 65,535, as curl would say it. */
export const usualSettings: string = settingsPayload([3, 100], [4, 65_535]).toString("base64url");

/** A request that offers h2c (RFC 7540 section 3.2). */
export function h2cUpgrade(shape: UpgradeShape = {}): string {
  const {
    line = "GET /x HTTP/1.1",
    settings = [usualSettings],
    connection = "Upgrade, HTTP2-Settings",
    token = "h2c",
    host = "h",
    fields = [],
    content = "",
  } = shape;
  const lines = [
    line,
    `Host: ${host}`,
    `Connection: ${connection}`,
    `Upgrade: ${token}`,
    ...settings.map((one) => `HTTP2-Settings: ${one}`),
    ...fields,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${content}`;
}

/** Sends an Upgrade and the client's opening behind the 101, with `frames`. Throws where no 101 comes. */
export async function upgradeToHttp2(
  client: RawClient,
  shape: UpgradeShape = {},
  ...frames: readonly Uint8Array[]
): Promise<Http2Raw> {
  const response = await client.send(h2cUpgrade(shape)).response();
  if (response.status !== 101) {
    throw new Error(`no 101: ${response.head}\n${response.body}`);
  }
  return openHttp2(client, ...frames);
}
