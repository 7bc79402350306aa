import type { Answered } from "./answered.ts";
import type { OriginalRequest } from "./http/request.ts";
import { ProtocolModule } from "./protocol-module.ts";
import type { Transport } from "./transport.ts";

/** A protocol without I/O: bytes in, bytes out. One instance a connection. */
export interface Codec {
  /** The answer to the original request; its first bytes at least. */
  begin(request: OriginalRequest): readonly [string | Uint8Array, ...(string | Uint8Array)[]];
  /** What is to be sent upon `chunk`. Where one message ends and the next begins is the codec's to find. */
  receive(chunk: Buffer): Iterable<string | Uint8Array>;
  /** The client has finished: the last bytes. */
  end?(): Iterable<string | Uint8Array>;
}

/** What a codec's module declares; see {@link ProtocolModule}. */
export interface CodecOptions {
  readonly tokens: readonly string[];
  readonly methods?: readonly string[] | "*";
  readonly maxBody?: number;
  /** Makes the codec of one connection. */
  readonly codec: () => Codec;
}

/** A module made of a codec. */
export function fromCodec(options: CodecOptions): ProtocolModule {
  return new CodecModule(options);
}

class CodecModule extends ProtocolModule {
  readonly tokens: readonly string[];
  override readonly methods: readonly string[] | "*";
  override readonly maxBody: number;
  readonly #codec: () => Codec;

  constructor({ tokens, methods = ["GET"], maxBody = 0, codec }: CodecOptions) {
    super();
    this.tokens = tokens;
    this.methods = methods;
    this.maxBody = maxBody;
    this.#codec = codec;
  }

  takeOver(request: OriginalRequest, transport: Transport<undefined>): Answered {
    const codec = this.#codec();
    const send = (pieces: Iterable<string | Uint8Array>): void => {
      let flowing = true;
      for (const bytes of pieces) {
        flowing = transport.write(bytes);
      }
      if (!flowing) {
        transport.pause();
      }
    };
    transport.onDrain = () => transport.resume();
    transport.onData = (chunk) => send(codec.receive(chunk));
    transport.onEnd = () => send(codec.end?.() ?? []);
    const [first, ...more] = codec.begin(request);
    const receipt = transport.answer(first);
    send(more);
    return receipt;
  }
}
