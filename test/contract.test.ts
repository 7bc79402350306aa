import { fromCodec } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { ExampleProtocol } from "turnout/example";
import { type ContractCase, contract } from "turnout/testing";

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
