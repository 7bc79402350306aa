import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Connection } from "./connection.ts";

const owner = Symbol("the connection that owns a stream");
type Owned = Duplex & { [owner]: Connection };

/** Has a connection hear of its stream. */
export function listen(connection: Connection, stream: Duplex): void {
  (stream as Owned)[owner] = connection;
  takeUp(stream);
  stream.on("error", onError);
  stream.on("close", onClose);
}

/** From here on the connection reads and writes. */
export function takeUp(stream: Duplex): void {
  stream.allowHalfOpen = true; // who speaks decides when our side ends
  stream.on("data", stream instanceof Socket ? onData : onSharedData);
  stream.on("end", onEnd);
  stream.on("drain", onDrain);
  stream.on("timeout", onStall);
}

/** Somebody else does, and reads `held` first. What tells of the stream's errors and its close stays. */
export function letGo(stream: Duplex, held: Buffer): void {
  stream.off("data", onData).off("data", onSharedData).off("end", onEnd).off("drain", onDrain).off("timeout", onStall);
  stream.pause(); // before the bytes are put back, or they would flow to nobody
  if (held.length > 0) {
    stream.unshift(held);
  }
  stream.allowHalfOpen = false;
}

// One function each for all streams, and the connection in a field: a closure a listener a socket would cost 500 bytes.

function onData(this: Owned, chunk: Buffer): void {
  this[owner].receive(chunk);
}

/** Whoever writes into the other end of such a stream may have kept the bytes: they are not ours to change. */
function onSharedData(this: Owned, chunk: Buffer): void {
  this[owner].receive(Buffer.from(chunk));
}

function onEnd(this: Owned): void {
  this[owner].ended();
}

function onDrain(this: Owned): void {
  this[owner].drained();
}

function onError(this: Owned, error: Error): void {
  this[owner].failed(error);
}

function onClose(this: Owned): void {
  this[owner].gone();
}

function onStall(this: Owned): void {
  this[owner].stalled();
}
