import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { upgradeTo } from "../support/exchanges.ts";
import { requestOn } from "../support/http2-frames.ts";
import { h2cUpgrade, openHttp2 } from "../support/http2-raw.ts";
import { ask } from "../support/http2-serving.ts";
import type { RawClient } from "../support/raw-client.ts";
import { clientFrame, closeFrame, opcode, openingHandshake, takeFrame } from "../support/websocket-frames.ts";
import { type Conversation, expect } from "./conversation.ts";

/** Messages that come back, and the closing handshake; from a closing server 1001. */
export async function webSocket(talk: Conversation): Promise<void> {
  const client = await talk.open(openingHandshake());
  const { status } = await client.response();
  if (status !== 101) {
    expect(talk.target.draining && status === 200, () => `${status} to the handshake`);
    talk.note("told"); // a closing server switches no more
    return;
  }
  talk.note("answered");
  await exchangeMessages(talk, client);
}

async function exchangeMessages(talk: Conversation, client: RawClient): Promise<void> {
  const { random } = talk;
  for (let left = talk.times(); left > 0; left--) {
    const payload = random.bytes(random.below(random.pick([10, 300, 20_000])));
    talk.send(client, clientFrame(opcode.binary, payload));
    const frame = await takeFrame(client);
    if (frame.opcode === opcode.close) {
      expect(frame.payload.readUInt16BE(0) === 1001, () => `closed with ${frame.payload.toString("hex")}`);
      talk.noteRest("told");
      client.send(closeFrame(1001)).end();
      await client.gone();
      return;
    }
    expect(frame.payload.equals(payload), () => `another message: ${frame.payload.length} of ${payload.length} bytes`);
    talk.note("answered");
    await talk.think();
  }
  talk.send(client, closeFrame(1000));
  const { opcode: code } = await takeFrame(client);
  expect(code === opcode.close, () => `${code} to a Close frame`);
  talk.note("answered");
  client.end();
  await client.gone();
}

/** Bytes that come back, also behind the client's end. A closing server ends its side. */
export async function echo(talk: Conversation): Promise<void> {
  const { random } = talk;
  const early = random.bytes(random.below(1_000)).toString("latin1");
  const client = await talk.open(upgradeTo("echo/1") + early);
  const { status } = await client.response();
  if (status !== 101) {
    expect(talk.target.draining && status === 200, () => `${status} to the offer`);
    talk.note("told");
    return;
  }
  let said = early;
  for (let left = talk.times(); left > 0; left--) {
    const bytes = random.bytes(random.below(2_000)).toString("latin1");
    client.send(bytes);
    said += bytes;
    await talk.think();
  }
  client.end();
  const whole = `GET /x\r\n${said}`;
  const answer = await client.gone();
  const isCutByDrain = talk.target.draining && whole.startsWith(answer) && answer !== whole;
  expect(isCutByDrain || answer === whole, () => `${answer.length} of ${whole.length} bytes came back`);
  talk.note(isCutByDrain ? "told" : "answered");
}

/** HTTP/2 by Upgrade: the original request on the stream 1, and another one. */
export async function h2c(talk: Conversation): Promise<void> {
  const client = await talk.open(h2cUpgrade());
  const { status } = await client.response();
  if (status === 200) {
    talk.note("answered");
    return;
  }
  expect(status === 101, () => `${status} to h2c`);
  const http2 = openHttp2(client);
  expect((await http2.answerOn(1)).status === 200, () => "no 200 on the stream 1");
  talk.note("answered");
  talk.send(client, requestOn(3));
  try {
    const answer = await http2.answerOn(3);
    expect(answer.status === 200 || answer.reset === 7, () => `${answer.status}, reset with ${answer.reset}`);
    talk.note(answer.status === 200 ? "answered" : "told");
  } catch (error) {
    expect(
      http2.seen.some((frame) => frame.startsWith("goaway")),
      () => String(error),
    );
    talk.note("told");
  }
}

export function http2(talk: Conversation): Promise<void> {
  return overSession(talk, () => connectHttp2(`http://127.0.0.1:${talk.target.port}`));
}

export function http2InTls(talk: Conversation): Promise<void> {
  return overSession(talk, () =>
    connectHttp2(`https://127.0.0.1:${talk.target.port}`, { rejectUnauthorized: false, servername: "localhost" }),
  );
}

/** Requests at one time over a session, again and again. Behind a GOAWAY there are none. */
async function overSession(talk: Conversation, connect: () => ClientHttp2Session): Promise<void> {
  const { random } = talk;
  const session = connect();
  const since = Date.now();
  let goingAway = false;
  session
    .on("error", () => {})
    .on("goaway", () => {
      goingAway = true;
    });
  const request = async (): Promise<void> => {
    talk.sent++;
    const content = random.oneIn(2) ? random.bytes(random.below(30_000)) : undefined;
    try {
      const fields = content === undefined ? { ":path": "/h2" } : { ":method": "POST", ":path": "/h2" };
      const { status, body } = await ask(session, fields, content);
      const wanted = content ?? Buffer.from("GET /h2\n");
      expect(status === 200 && body.equals(wanted), () => `${status}, ${body.length} bytes`);
      talk.note("answered");
    } catch (error) {
      expect(goingAway, () => `${(error as Error).cause ?? error}, ${Date.now() - since} ms after the session began`);
      talk.note("told");
    }
  };
  const several = (): Promise<void>[] => Array.from({ length: 1 + random.below(6) }, request);
  try {
    const first = await talk.opening(async () => {
      await once(session, "connect");
      return several();
    });
    await Promise.all(first);
    for (let left = talk.times() / 10; left > 0 && !goingAway; left--) {
      await talk.think(50);
      await Promise.all(several());
    }
  } finally {
    session.destroy();
  }
}
