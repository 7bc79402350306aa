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
  if (stream instanceof Socket) {
    stream.push = onPush;
    stream.on("data", onData);
  } else {
    stream.on("data", onSharedData);
  }
  stream.on("end", onEnd);
}

/** A write has found no room. On most connections that never happens, and two listeners less are a part of what they cost. */
export function awaitRoom(stream: Duplex): void {
  stream.on("drain", onDrain);
  stream.on("timeout", onStall);
}

/** Somebody else does, and reads `held` first. What tells of the stream's errors and its close stays. */
export function letGo(stream: Duplex, held: Buffer): void {
  if (stream instanceof Socket) {
    stream.push = push; // not deleted: that would make the socket a slow object
  }
  stream.off("data", onData).off("data", onSharedData).off("end", onEnd).off("drain", onDrain).off("timeout", onStall);
  stream.pause(); // before the bytes are put back, or they would flow to nobody
  if (held.length > 0) {
    stream.unshift(held);
  }
  stream.allowHalfOpen = false;
}

// One function each for all streams, and the connection in a field: a closure a listener a socket would cost 500 bytes.

const { push } = Socket.prototype;

/**
 * What a socket has read it gives to `push`, as all streams do that are made of Node's. While the bytes are flowing, none are
 * waiting, and nobody else wants them, they would only go from there to our `data` listener: taken here, a chunk costs a tenth
 * less (bench/websocket). If they come otherwise some day, that listener has them.
 */
function onPush(this: Owned, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  if (chunk === null || this.readableFlowing !== true || this.readableLength > 0 || this.listenerCount("data") > 1) {
    return push.call(this, chunk, encoding);
  }
  this[owner].receive(chunk);
  return true;
}

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
