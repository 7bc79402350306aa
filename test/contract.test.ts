import { fromCodec } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { ExampleProtocol } from "turnout/example";
import { type ContractCase, contract } from "turnout/testing";
import { WebSocketProtocol } from "turnout/websocket";
import { clientFrame, closeFrame, opcode } from "./support/websocket-frames.ts";

function suite(title: string, cases: readonly ContractCase[]): void {
  describe(`contract: ${title}`, () => {
    for (const { title, run } of cases) {
      it(title, run);
    }
  });
}

suite(
  "echo/1",
  contract(() => new EchoProtocol(), { target: "/x?y", input: "ping", output: "GET /x?y\r\nping" }),
);

suite(
  "echo/1, with content",
  contract(() => new EchoProtocol(), { method: "POST", body: "hello", input: "ping", output: "POST /\r\nhelloping" }),
);

suite(
  "example/1",
  contract(() => new ExampleProtocol(), {
    method: "POST",
    target: "/index.html",
    body: "content",
    input: "ping\r\n",
    output: "example/1 POST /index.html content\r\nping\r\n",
  }),
);

suite(
  "websocket",
  contract(
    () =>
      new WebSocketProtocol({
        open: (socket) => socket.send(`hello ${socket.request.target}`),
        message: (socket, message) => socket.send(message),
        timeouts: { closeMs: 50 },
      }),
    {
      target: "/x",
      headers: { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13" },
      input: Buffer.concat([clientFrame(opcode.text, "né"), clientFrame(opcode.ping, "p"), closeFrame(1000)]),
      output: Buffer.concat([
        Buffer.from("8108", "hex"),
        Buffer.from("hello /x"),
        Buffer.from("81036ec3a9" + "8a0170" + "880203e8", "hex"),
      ]),
    },
  ),
);

suite(
  "a codec",
  contract(
    () =>
      fromCodec({
        tokens: ["lines/1"],
        codec: () => {
          let line = "";
          return {
            begin: ({ target }) => [`hello ${target}\n`],
            *receive(chunk) {
              for (const character of chunk.toString("latin1")) {
                line += character;
                if (character === "\n") {
                  yield line.toUpperCase();
                  line = "";
                }
              }
            },
            end: () => [`left: ${line}`],
          };
        },
      }),
    { input: "one\ntwo\nthr", output: "hello /\nONE\nTWO\nleft: thr" },
  ),
);
