import { Duplex } from "node:stream";
import { type Answered, Fields, ProtocolModule, type ServerOptions, type StreamRequest, type Transport } from "turnout";
import { gate, underTest } from "./exchanges.ts";
import type { Serving } from "./serving.ts";

/** A protocol of which each connection carries the streams that a test makes. */
export class Carrier extends ProtocolModule {
  readonly tokens: readonly string[] = ["CARRIER"];
  transport: Transport<undefined> | undefined;
  readonly opened: { readonly opened: Promise<void>; open(): void } = gate();

  override detect(bytes: Buffer): "mine" | "not mine" {
    return bytes.toString("latin1").startsWith("CARRY") ? "mine" : "not mine";
  }

  override open(transport: Transport<undefined>): void {
    this.transport = transport;
    this.opened.open();
  }

  takeOver(): Answered {
    throw new Error("nobody upgrades to it");
  }
}

type Sends = "sendContinue" | "sendHead" | "sendTrailers" | "reset";

/** A stream: what the server writes to it, and what it says of it. */
export class StandInStream extends Duplex implements Pick<StreamRequest, Sends> {
  readonly events: string[] = [];
  /** What is written is taken only while this is true. */
  takes = true;
  #waiting: (() => void) | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: () => void): void {
    this.events.push(chunk.length > 100 ? `${chunk.length} bytes` : chunk.toString("latin1"));
    if (this.takes) {
      written();
    } else {
      this.#waiting = written;
    }
  }

  override _final(finished: () => void): void {
    this.events.push("end");
    finished();
  }

  takeAll(): void {
    this.takes = true;
    this.#waiting?.();
  }

  sendContinue = (): void => void this.events.push("100");
  sendHead = (head: Readonly<Record<string, string | string[]>>, ends: boolean, trails = false): void => {
    const { ":status": status, ...fields } = head;
    const own = Object.entries(fields)
      .filter(([name]) => !/^(?:date|content-type)$/i.test(name))
      .map(([name, value]) => ` ${name}: ${value}`);
    this.events.push(`${status}${own.join("")}${ends ? " end" : ""}${trails ? " trails" : ""}`);
  };
  sendTrailers = (fields: Readonly<Record<string, string>>): void => {
    this.events.push(`trailers ${JSON.stringify(fields)}`);
  };
  reset = (complete: boolean): void => {
    if (complete) {
      this.end();
    } else {
      this.events.push("reset");
      this.destroy();
    }
  };
}

/** In what a stream's request differs from a GET. */
export interface StreamShape {
  readonly method?: string;
  readonly protocol?: string;
  readonly expectation?: string;
  /** There is no content: the client has finished with the head. Default false. */
  readonly ended?: boolean;
}

/** Runs `test` with a way to have streams served. */
export function carrying(
  options: ServerOptions,
  test: (
    serve: (shape?: StreamShape, stream?: StandInStream) => StandInStream,
    serving: Serving,
    carrier: Carrier,
  ) => Promise<void>,
): Promise<void> {
  const carrier = new Carrier();
  return underTest(
    async (serving) => {
      (await serving.connect()).send("CARRY");
      await carrier.opened.opened;
      const serve = (
        { method = "GET", protocol, expectation, ended = false }: StreamShape = {},
        stream = new StandInStream(),
      ): StandInStream => {
        carrier.transport!.dispatch({
          method,
          target: "/x?y",
          authority: "h",
          httpVersion: "2.0",
          headers: Fields.from([["a", "1"]]),
          trailers: Fields.from([["b", "2"]]),
          ended,
          aborted: stream.destroyed,
          protocol,
          expectation,
          stream,
          sendContinue: stream.sendContinue,
          sendHead: stream.sendHead,
          sendTrailers: stream.sendTrailers,
          reset: stream.reset,
        });
        return stream;
      };
      await test(serve, serving, carrier);
    },
    { ...options, protocols: [carrier, ...(options.protocols ?? [])] },
  );
}
