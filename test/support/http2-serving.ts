import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { ServerOptions } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { describeRequest } from "./exchanges.ts";
import { losingNothing } from "./lost-rejections.ts";
import { type Serving, serving } from "./serving.ts";

/** The longest that one wait may take before it fails. */
const patienceMs = 10_000;

/** A server that speaks HTTP/2, and Node's own client for it. */
export interface Http2Serving extends Serving {
  /** A new connection with prior knowledge. */
  session(options?: ClientSessionOptions): ClientHttp2Session;
}

/** Runs `test` against a server that speaks HTTP/2, and closes everything afterwards, also when it fails. */
export function servingHttp2(
  test: (serving: Http2Serving) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  const sessions: ClientHttp2Session[] = [];
  const all = { protocols: [new Http2Protocol()], respond: describeRequest, ...options };
  return losingNothing(() =>
    serving(all, async (served) => {
      try {
        await test({
          ...served,
          session: (settings) => {
            const session = connect(`http://127.0.0.1:${served.port}`, settings);
            session.on("error", () => {}); // what matters of it is seen on the streams
            sessions.push(session);
            return session;
          },
        });
      } finally {
        for (const session of sessions) {
          session.destroy();
        }
      }
    }),
  );
}

/** What a client sees of one answer. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly body: Buffer;
  /** Undefined where none came. */
  readonly trailers: IncomingHttpHeaders | undefined;
}

/** Makes a request; `content` undefined: END_STREAM comes with the fields. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  content?: string | Uint8Array,
): Promise<Http2Answer> {
  const stream = session.request({ ":authority": "h", ...headers }, { endStream: content === undefined });
  if (content !== undefined) {
    stream.end(content);
  }
  return answerOf(stream);
}

/** Waits for the whole answer. Rejects where the stream is reset instead. */
export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const chunks: Buffer[] = [];
  let headers: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
  stream.on("response", (fields) => {
    headers = fields;
  });
  let trailers: IncomingHttpHeaders | undefined;
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  let failure: unknown;
  stream.on("error", (error) => {
    failure = error;
  });
  await soonOn(stream, "close");
  if (failure !== undefined || headers === undefined || stream.rstCode !== 0) {
    throw new Error(`no answer: reset with ${stream.rstCode}`, { cause: failure });
  }
  return { status: headers[":status"] ?? 0, headers, body: Buffer.concat(chunks), trailers };
}

/** Waits until a stream is closed; gives the code of its RST_STREAM, 0 for an end in order. */
export async function resetOf(stream: ClientHttp2Stream): Promise<number> {
  stream.on("error", () => {});
  stream.resume();
  if (!stream.closed) {
    await soonOn(stream, "close");
  }
  return stream.rstCode ?? 0;
}

/** Waits for one event, with patience; gives its arguments. An `error` event does not end the wait. */
export function soonOn(emitter: NodeJS.EventEmitter, name: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`waited in vain for ${name}`)), patienceMs);
    emitter.once(name, (...args: unknown[]) => {
      clearTimeout(late);
      resolve(args);
    });
  });
}
