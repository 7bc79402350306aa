import type { CloseStatus } from "../../protocols/websocket/close-frame.ts";
import type { WebSocketFault } from "../../protocols/websocket/faults.ts";
import { FrameReceiver, type FrameSink } from "../../protocols/websocket/frame-receiver.ts";
import type { PlainReading } from "./plain-websocket.ts";

/** Writes down what a receiver tells, in the words of the plain reader. */
export class RecordingSink implements FrameSink {
  readonly events: string[] = [];
  /** Called behind each event. */
  told: () => void = () => {};

  message(message: string | Buffer): void {
    const isText = typeof message === "string";
    this.#add(`${isText ? "text" : "binary"} ${Buffer.from(message as string).toString("hex")}`);
  }

  compressed(payload: Buffer, isText: boolean): void {
    this.#add(`compressed ${isText ? "text" : "binary"} ${payload.toString("hex")}`);
  }

  ping(payload: Buffer): void {
    this.#add(`ping ${payload.toString("hex")}`);
  }

  pong(payload: Buffer): void {
    this.#add(`pong ${payload.toString("hex")}`);
  }

  closed({ code, reason }: CloseStatus): void {
    this.#add(`close ${code} ${JSON.stringify(reason)}`);
  }

  violated(fault: WebSocketFault): void {
    this.#add(`fault ${fault}`);
  }

  #add(event: string): void {
    this.events.push(event);
    this.told();
  }
}

/** What a sink does behind an event: `"stop"` and be resumed later, or `"both"` at once. */
export type Interruption = "none" | "stop" | "both";

/** What a new receiver makes of the pieces, whatever its sink does in between. */
export function receivedFrames(
  pieces: Iterable<Buffer>,
  { limits, compression }: PlainReading,
  interrupt: () => Interruption = () => "none",
): string[] {
  const sink = new RecordingSink();
  const receiver = new FrameReceiver(sink, limits, compression);
  let isStopped = false;
  sink.told = () => {
    const how = interrupt();
    if (how !== "none") {
      receiver.stop();
      isStopped = true;
    }
    if (how === "both") {
      receiver.resume();
      isStopped = false;
    }
  };
  for (const piece of pieces) {
    receiver.receive(Buffer.from(piece)); // what it is given is its own
    while (isStopped) {
      isStopped = false;
      receiver.resume();
    }
  }
  return sink.events;
}
