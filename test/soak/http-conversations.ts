import type { RawClient, SeenResponse } from "../support/raw-client.ts";
import { type Conversation, expect, largeBytes } from "./conversation.ts";

export function requestFor(kind: string, fields = "", method = "GET"): string {
  return `${method} /${kind} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;
}

function expectAnswer({ status, body }: SeenResponse, wanted: string): void {
  expect(status === 200 && body === wanted, () => `${status} ${JSON.stringify(body.slice(0, 200))}`);
}

/** Some requests, one after the other. */
export function get(talk: Conversation): Promise<void> {
  return ask(talk, "get", (request) => talk.open(request));
}

export function https(talk: Conversation): Promise<void> {
  return ask(talk, "https", (request) => talk.openTls(request));
}

async function ask(talk: Conversation, kind: string, open: (first: string) => Promise<RawClient>): Promise<void> {
  const request = requestFor(kind);
  const client = await open(request);
  let response: SeenResponse | undefined = await client.response(); // a fresh connection has no excuse
  for (let left = talk.times() - 1; ; left--) {
    if (response === undefined) {
      talk.note("told");
      return;
    }
    expectAnswer(response, `GET /${kind}\n`);
    talk.note("answered");
    if (left <= 0 || response.field("connection") === "close") {
      return;
    }
    await talk.think();
    talk.send(client, request);
    response = await talk.answer(client);
  }
}

/** Several requests at one time. Behind an answer with `Connection: close` no other will come. */
export async function pipeline(talk: Conversation): Promise<void> {
  const count = 2 + talk.random.below(6);
  const client = await talk.open(requestFor("pipeline").repeat(count), count);
  for (let left = count; left > 0; left--) {
    const response = await client.response();
    expectAnswer(response, "GET /pipeline\n");
    talk.note("answered");
    if (response.field("connection") === "close") {
      talk.noteRest("told");
    }
  }
}

/** Content, with its length or in chunks, which comes back. */
export async function post(talk: Conversation): Promise<void> {
  const { random } = talk;
  const content = random.bytes(random.below(random.pick([10, 1_000, 50_000]))).toString("latin1");
  const isChunked = random.oneIn(2);
  const framing = isChunked ? "Transfer-Encoding: chunked\r\n" : `Content-Length: ${content.length}\r\n`;
  const client = await talk.open(requestFor("post", framing, "POST"));
  const piece = 1 + random.below(20_000);
  for (let at = 0; at < content.length; at += piece) {
    const part = content.slice(at, at + piece);
    client.send(isChunked ? `${part.length.toString(16)}\r\n${part}\r\n` : part);
    if (random.oneIn(3)) {
      await talk.think(5);
    }
  }
  client.send(isChunked ? "0\r\n\r\n" : "");
  expectAnswer(await client.response(), content);
  talk.note("answered");
}

/** The client's side ends behind the request. */
export async function halfClose(talk: Conversation): Promise<void> {
  const client = await talk.open(requestFor("half-close"));
  client.end();
  expectAnswer(await client.response(), "GET /half-close\n");
  talk.note("answered");
  expect((await client.rest()) === "", () => "more than the answer");
}

/** A request in pieces, with pauses. */
export async function slowWriter(talk: Conversation): Promise<void> {
  const request = requestFor("slow-writer", `X-Padding: ${"x".repeat(200)}\r\n`);
  const client = await talk.open(request.slice(0, 5));
  for (let at = 5; at < request.length; at += 20) {
    await talk.think(50);
    client.send(request.slice(at, at + 20));
  }
  const response = await talk.answer(client);
  if (response === undefined || (talk.target.draining && response.status === 408)) {
    talk.note("told");
  } else {
    expectAnswer(response, "GET /slow-writer\n");
    talk.note("answered");
  }
}

/** A large answer, which is read with pauses. */
export async function slowReader(talk: Conversation): Promise<void> {
  const client = await talk.open(requestFor("large", "Connection: close\r\n"));
  const bytes = await readSlowly(talk, client);
  const chunks = bytes.match(/\r\n10000\r\n/g)?.length ?? 0;
  expect(chunks * 65_536 === largeBytes && bytes.endsWith("\r\n0\r\n\r\n"), () => `${bytes.length} bytes came`);
  talk.note("answered");
}

async function readSlowly(talk: Conversation, { stream }: RawClient): Promise<string> {
  const chunks: Buffer[] = [];
  stream.removeAllListeners("data");
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    await talk.think(10);
  }
  return Buffer.concat(chunks).toString("latin1");
}
