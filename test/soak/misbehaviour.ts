import { upgradeTo } from "../support/exchanges.ts";
import { clientOpening, dataOn, pseudoFields, requestOn } from "../support/http2-frames.ts";
import { h2cUpgrade } from "../support/http2-raw.ts";
import { clientFrame, closeFrame, opcode, openingHandshake } from "../support/websocket-frames.ts";
import { type Conversation, expect } from "./conversation.ts";
import { requestFor } from "./http-conversations.ts";

/** What a client could say; it stops at a random byte, and resets the connection. */
export async function reset(talk: Conversation): Promise<void> {
  const { random } = talk;
  const bytes = sayings(talk);
  const client = await talk.open(bytes.subarray(0, random.below(bytes.length + 1)));
  if (random.oneIn(2)) {
    await talk.think(30);
  }
  client.reset();
  talk.note("cut");
}

function sayings({ random }: Conversation): Buffer {
  const content = random.bytes(random.below(30_000));
  const texts: readonly (() => string | Uint8Array)[] = [
    () => requestFor("reset").repeat(1 + random.below(5)),
    () => requestFor("large"),
    () => requestFor("reset", `Content-Length: ${content.length}\r\n`, "POST") + content.toString("latin1"),
    () => upgradeTo("echo/1") + content.toString("latin1"),
    () => h2cUpgrade() + clientOpening.toString("latin1"),
    () => Buffer.concat([Buffer.from(openingHandshake()), clientFrame(opcode.text, "x".repeat(500)), closeFrame(1000)]),
    () => Buffer.concat([clientOpening, requestOn(1), requestOn(3, pseudoFields("/large")), dataOn(1, content)]),
    () => Buffer.concat([Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3), content]),
  ];
  const text = random.pick(texts)();
  return typeof text === "string" ? Buffer.from(text, "latin1") : Buffer.from(text);
}

/** Bytes that mean nothing, perhaps behind some that do: the server ends the connection. */
export async function garbage(talk: Conversation): Promise<void> {
  const { random } = talk;
  const beginnings = ["", "", "\x16\x03\x01\x00\x80", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n", "\r\n"];
  const opened = random.oneIn(4) ? openingHandshake() : random.pick(beginnings);
  const client = await talk.open(opened + random.bytes(1 + random.below(2_000)).toString("latin1"));
  if (random.oneIn(2)) {
    client.end();
  }
  await client.gone();
  talk.note("told");
}

/** Half a head, and nothing more: 408. */
export async function halfHead(talk: Conversation): Promise<void> {
  const client = await talk.open("GET /half HTTP/1.1\r\nHost: l");
  const response = await talk.answer(client);
  expect(response === undefined || response.status === 408, () => `${response?.status} to half a head`);
  talk.note("told");
}

/** Half of the content, and then the end: 400. */
export async function halfContent(talk: Conversation): Promise<void> {
  const client = await talk.open(`${requestFor("half-content", "Content-Length: 100\r\n", "POST")}only this`);
  await talk.think();
  const { status } = await client.end().response();
  expect(status === 400, () => `${status} to half of the content`);
  talk.note("told");
}

/** Not a byte: the server ends the connection. */
export async function silence(talk: Conversation): Promise<void> {
  const client = await talk.open("");
  await client.gone();
  talk.note("told");
}

/** Asks for an answer without end, and does not take it: the server breaks it off. */
export async function stalled(talk: Conversation): Promise<void> {
  const client = await talk.open(requestFor("endless"));
  client.stream.pause();
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  client.stream.resume();
  await client.gone();
  talk.note("told");
}
