import { assert } from "chai";
import type { Echoing } from "./web-socket-echo.ts";

/**
 * What a script has to work with that speaks through the web's WebSocket, in a page as in Node: `talk` opens one, and its
 * `next` takes what happened to it, in order. `end` leaves the reason out: only the code has to be echoed (RFC 6455 section
 * 5.5.1).
 */
export const prelude = `
function talk(url, protocols) {
  const socket = new WebSocket(url, protocols);
  socket.binaryType = "arraybuffer";
  const events = [];
  let notify = () => {};
  for (const type of ["open", "message", "error", "close"]) {
    socket.addEventListener(type, (event) => {
      events.push(event);
      notify();
    });
  }
  const next = async (type) => {
    while (events.length === 0) {
      await new Promise((resolve) => { notify = resolve; });
    }
    const event = events.shift();
    if (event.type !== type) {
      throw new Error(event.type + " " + (event.code ?? "") + " instead of " + type);
    }
    return event;
  };
  const end = async () => {
    const { code, wasClean } = await next("close");
    return { code, wasClean };
  };
  return { socket, next, end };
}
`;

/** One thing that a client of the web's WebSocket does, and what has to be seen of it at both ends. */
export interface WebCase {
  readonly title: string;
  /** The body of an async function that gets `url`, and gives what JSON can say. */
  readonly script: string;
  readonly maxMessageBytes?: number;
  readonly check: (outcome: unknown, echoing: Echoing, extensions: RegExp) => Promise<void>;
}

const texts = ["plain", "", "\u{1f44b} gr\u00fc\u00df \u4f60\u597d", "repeated ".repeat(10_000)];

export const webCases: readonly WebCase[] = [
  {
    title:
      "text, with emoji and empty, comes back; its close(4000, 'x') arrives; the first subprotocol known is chosen",
    script: `
const { socket, next, end } = talk(url, ["chat.v9", "chat.v1", "chat.v2"]);
await next("open");
const texts = [];
for (const text of ${JSON.stringify(texts)}) {
  socket.send(text);
  texts.push((await next("message")).data);
}
socket.close(4000, "x");
return { extensions: socket.extensions, protocol: socket.protocol, texts, end: await end() };
`,
    check: async (outcome, { talks }, extensions) => {
      const { extensions: agreed, ...rest } = outcome as { extensions: string };
      assert.match(agreed, extensions);
      assert.deepEqual(rest as unknown, {
        protocol: "chat.v1",
        texts,
        end: { code: 4000, wasClean: true },
      });
      assert.lengthOf(talks, 1);
      const { socket, messages, ended } = talks[0]!;
      assert.deepEqual(await ended, { code: 4000, reason: "x", error: undefined });
      assert.deepEqual(messages, texts);
      assert.equal(socket.subprotocol, "chat.v1");
      assert.equal(socket.compressed, agreed !== "");
    },
  },
  {
    title: "64 KiB of binary, and none at all, come back",
    script: `
const { socket, next, end } = talk(url);
await next("open");
const sent = Uint8Array.from({ length: 65536 }, (_, at) => (at * 7) % 251);
socket.send(sent);
const whole = new Uint8Array((await next("message")).data);
socket.send(new ArrayBuffer(0));
const none = (await next("message")).data.byteLength;
socket.close();
return { same: whole.length === sent.length && whole.every((byte, at) => byte === sent[at]), none, end: await end() };
`,
    check: async (outcome, { talks }) => {
      const { end, ...rest } = outcome as { end: unknown };
      assert.deepEqual(rest as unknown, { same: true, none: 0 });
      assert.deepInclude(end, { code: 1005, wasClean: true });
      const { socket, messages, ended } = talks[0]!;
      assert.deepEqual(await ended, { code: 1005, reason: "", error: undefined });
      const expected = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 7) % 251));
      assert.deepEqual(messages, [expected, Buffer.alloc(0)]);
      assert.equal(socket.subprotocol, "");
    },
  },
  {
    title: "1,000 messages come back in order",
    script: `
const { socket, next, end } = talk(url);
await next("open");
for (let n = 0; n < 1000; n++) {
  socket.send(n + " ".repeat(n % 50));
}
let inOrder = 0;
while (inOrder < 1000 && Number((await next("message")).data) === inOrder) {
  inOrder++;
}
socket.close(1000, "all");
return { inOrder, end: await end() };
`,
    check: async (outcome, { talks }) => {
      assert.deepEqual(outcome, { inOrder: 1000, end: { code: 1000, wasClean: true } });
      assert.deepEqual(await talks[0]!.ended, { code: 1000, reason: "all", error: undefined });
      assert.lengthOf(talks[0]!.messages, 1000);
    },
  },
  {
    title: "the server's close code and reason arrive",
    script: `
const { socket, next } = talk(url);
await next("open");
socket.send("close 3001 bye");
const { code, reason, wasClean } = await next("close");
return { code, reason, wasClean };
`,
    check: async (outcome, { talks }) => {
      assert.deepEqual(outcome, { code: 3001, reason: "bye", wasClean: true });
      assert.deepEqual(await talks[0]!.ended, { code: 3001, reason: "bye", error: undefined });
    },
  },
  {
    title: "the server's ping is answered",
    script: `
const { socket, next, end } = talk(url);
await next("open");
socket.send("ping hello");
const { data } = await next("message");
socket.close(1000);
return { data, end: await end() };
`,
    check: async (outcome, { talks }) => {
      assert.deepEqual(outcome, { data: "pong hello", end: { code: 1000, wasClean: true } });
      assert.deepEqual(talks[0]!.messages, ["ping hello"]);
    },
  },
  {
    title: "a message over the limit ends it with 1009",
    maxMessageBytes: 65_536,
    script: `
const { socket, next, end } = talk(url);
await next("open");
socket.send("x".repeat(65536));
const { data } = await next("message");
socket.send("x".repeat(65537));
return { length: data.length, end: await end() };
`,
    check: async (outcome, { talks, server }) => {
      const { length, end } = outcome as { length: number; end: unknown };
      assert.equal(length, 65_536);
      assert.deepInclude(end, { code: 1009, wasClean: true });
      const { code, error } = await talks[0]!.ended;
      assert.deepEqual([code, error?.name], [1009, "PeerError"]);
      assert.lengthOf(talks[0]!.messages, 1);
      assert.deepEqual(server.stats().refused, { ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE: 1 });
    },
  },
  {
    title: "so does one of 8 MiB, most of which is still under way then",
    maxMessageBytes: 65_536,
    script: `
const { socket, next, end } = talk(url);
await next("open");
socket.send(new Uint8Array(8 * 1024 * 1024).map((_, at) => (at * at) % 251));
return end();
`,
    check: async (outcome, { talks }) => {
      assert.deepInclude(outcome, { code: 1009 }); // whether it is clean depends on what is still unsent
      assert.equal((await talks[0]!.ended).code, 1009);
      assert.deepEqual(talks[0]!.messages, []);
    },
  },
];

/** What the demonstration server can show: it knows no subprotocols, and takes no orders. */
export const demonstrationCase: { readonly script: string; readonly outcome: unknown } = {
  script: `
const { socket, next, end } = talk(url);
await next("open");
socket.send("h\u00e9llo ".repeat(1000));
const text = (await next("message")).data;
socket.send(new Uint8Array([0, 127, 128, 255]));
const bytes = [...new Uint8Array((await next("message")).data)];
socket.close(1000, "done");
return { extension: socket.extensions.split(";")[0], text, bytes, end: await end() };
`,
  outcome: {
    extension: "permessage-deflate",
    text: "h\u00e9llo ".repeat(1000),
    bytes: [0, 127, 128, 255],
    end: { code: 1000, wasClean: true },
  },
};
