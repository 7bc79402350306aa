import { expect } from "chai";
import { Demonstration } from "../../support/demonstration.ts";
import { expectSwitch, upgradeTo } from "../../support/exchanges.ts";
import { RawClient } from "../../support/raw-client.ts";
import { clientFrame, closeFrame, opcode, openWebSocket, wordsIn } from "../../support/websocket-frames.ts";

interface Example {
  readonly title: string;
  readonly request: string;
  readonly status: number;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string | RegExp;
}

const text = "text/plain; charset=utf-8";

function request(line: string, fields: readonly string[] = [], content = ""): string {
  const length = content === "" ? [] : [`Content-Length: ${content.length}`];
  return `${[`${line} HTTP/1.1`, "Host: h:81", ...fields, ...length].join("\r\n")}\r\n\r\n${content}`;
}

const offer = ["Connection: Upgrade", "Upgrade: example/1"];

const examples: readonly Example[] = [
  {
    title: "/ tells what the port speaks, with commands to copy",
    request: request("GET /"),
    status: 200,
    fields: { "content-type": text },
    body: /speaks HTTP\/1\.1, WebSocket, HTTP\/2, echo\/1, example\/1 and foo\/2\.(?:.|\n)*curl -v http:\/\/h:81\/inspect\n/,
  },
  {
    title: "/ over HTTP/1.0 without a host has commands as well",
    request: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    status: 200,
    body: /nc -q 1 127\.0\.0\.1 \d+\n$/,
  },
  ...["a;b", "a$(id)", "a'b"].map((host) => ({
    title: `/ puts no ${host} into a command`,
    request: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    status: 200,
    body: /curl -v http:\/\/127\.0\.0\.1:\d+\/inspect\n/,
  })),
  {
    title: "RFC 9110 section 12.5.5: / says that it depends on Accept",
    request: request("GET /"),
    status: 200,
    fields: { vary: "Accept" },
  },
  {
    title: "RFC 9110 section 15.5.6: / takes no POST",
    request: request("POST /"),
    status: 405,
    fields: { allow: "GET, HEAD" },
  },
  {
    title: "/echo sends back the content, with its type",
    request: request("POST /echo", ["Content-Type: a/b"], "hello"),
    status: 200,
    fields: { "content-type": "a/b" },
    body: "hello",
  },
  {
    title: "/echo of content without a type",
    request: request("POST /echo", [], "hello"),
    status: 200,
    fields: { "content-type": "application/octet-stream" },
    body: "hello",
  },
  {
    title: "RFC 9110 section 15.5.6: /echo takes POST only",
    request: request("GET /echo"),
    status: 405,
    fields: { allow: "POST" },
    body: "405 Method Not Allowed\n",
  },
  { title: "/status/NNN answers NNN", request: request("GET /status/418"), status: 418, body: "the status is 418\n" },
  { title: "/status/200?query", request: request("GET /status/200?a"), status: 200 },
  { title: "/status/426 names what the port speaks", request: request("GET /status/426"), status: 426 },
  { title: "/status/099 is no status", request: request("GET /status/099"), status: 404 },
  {
    title: "RFC 9110 section 15.2: /status/101 is not what an answer can have",
    request: request("GET /status/101"),
    status: 500,
  },
  { title: "/status/600 neither", request: request("GET /status/600"), status: 500 },
  { title: "/delay/MS answers afterwards", request: request("GET /delay/1"), status: 200, body: "waited 1 ms\n" },
  {
    title: "/example without an offer",
    request: request("GET /example"),
    status: 200,
    body: "Here the protocol example/1 is spoken, for those who ask with Upgrade: example/1\n",
  },
  {
    title: "/example takes no PUT",
    request: request("PUT /example"),
    status: 405,
    fields: { allow: "GET, HEAD, POST" },
  },
  {
    title: "RFC 9110 section 15.5.22: /required asks for the switch",
    request: request("GET /required"),
    status: 426,
    fields: { upgrade: "example/1", connection: "Upgrade" },
    body: "Upgrade Required: example/1\n",
  },
  {
    title: "RFC 6455 section 4.4: /ws asks for WebSocket, and says which version",
    request: request("GET /ws"),
    status: 426,
    fields: { upgrade: "websocket", connection: "Upgrade", "sec-websocket-version": "13" },
    body: "Upgrade Required: websocket\n",
  },
  { title: "/live likewise", request: request("GET /live"), status: 426, fields: { upgrade: "websocket" } },
  { title: "/ws takes no POST", request: request("POST /ws"), status: 405, fields: { allow: "GET" } },
  { title: "404 names the path", request: request("GET /nowhere?a"), status: 404, body: "404 Not Found: /nowhere\n" },
  { title: "404 after content that nobody reads", request: request("POST /nowhere", [], "hello"), status: 404 },
  ...["/", "/inspect", "/status/200", "/delay/0"].map((path) => ({
    title: `RFC 9110 section 7.8: ${path} is about HTTP, and ignores an offer`,
    request: request(`GET ${path}`, offer),
    status: 200,
  })),
  {
    title: "RFC 9110 section 7.8: /echo is about HTTP, and ignores an offer",
    request: request("POST /echo", offer, "hello"),
    status: 200,
    body: "hello",
  },
];

describe("the demonstration server's site", function () {
  this.timeout(10_000);
  let demonstration: Demonstration;
  let client: RawClient;

  before(async () => {
    demonstration = await Demonstration.start("--quiet");
  });

  after(async () => {
    expect(await demonstration.stop()).to.equal(0);
  });

  beforeEach(async () => {
    client = await RawClient.connect(demonstration.port);
  });

  afterEach(() => {
    client.stream.destroy();
  });

  for (const { title, request: sent, status, fields = {}, body } of examples) {
    it(`${title}, and the connection stays`, async () => {
      const seen = await client.send(sent).response();
      expect(seen.status).to.equal(status);
      for (const [name, value] of Object.entries(fields)) {
        expect(seen.field(name)).to.equal(value);
      }
      if (typeof body === "string") {
        expect(seen.body).to.equal(body);
      } else if (body !== undefined) {
        expect(seen.body).to.match(body);
      }
      expect((await client.send(request("GET /status/204")).response()).status).to.equal(204);
    });
  }

  it("RFC 9110 section 9.3.2: HEAD / has the fields of GET /, and no content", async () => {
    const got = await client.send(request("GET /")).response();
    const head = await client.send(request("HEAD /")).response("HEAD");
    expect([head.status, head.field("content-length")]).to.deep.equal([200, got.field("content-length")]);
    expect((await client.send(request("GET /status/204")).response()).status).to.equal(204);
  });

  it("/inspect shows the request as it came", async () => {
    const seen = await client.send(request("PATCH /inspect?a=b", ["X-Own: 1", ...offer], "hello")).response();
    expect(seen.field("content-type")).to.equal("application/json");
    expect(JSON.parse(seen.body)).to.deep.equal({
      method: "PATCH",
      target: "/inspect?a=b",
      host: "h:81",
      headers: [
        ["Host", "h:81"],
        ["X-Own", "1"],
        ["Connection", "Upgrade"],
        ["Upgrade", "example/1"],
        ["Content-Length", "5"],
      ],
      upgrade: ["example/1"],
    });
  });

  it("a client that leaves during /delay troubles nobody", async () => {
    await client.sendSegment(request("GET /delay/10000"));
    client.reset();
    const other = await RawClient.connect(demonstration.port);
    expect((await other.send(request("GET /delay/0")).response()).body).to.equal("waited 0 ms\n");
    other.stream.destroy();
  });

  for (const path of ["/example", "/required", "/nowhere", "/example/below"]) {
    it(`RFC 9110 section 7.8: ${path} switches`, () =>
      expectSwitch(client.send(request(`GET ${path}`, offer)), "example/1", `example/1 GET ${path} \r\n`));
  }

  it("RFC 9110 section 7.8: /example with content switches, and answers it", () =>
    expectSwitch(client.send(request("POST /example", offer, "hi")), "example/1", "example/1 POST /example hi\r\n"));

  it("RFC 6455: /ws echoes text and binary, compressed or not, from whichever page", async () => {
    const answer = await openWebSocket(client, {
      Origin: "http://elsewhere.example",
      "Sec-WebSocket-Extensions": "permessage-deflate",
    });
    expect(answer.field("sec-websocket-extensions")).to.match(/^permessage-deflate/);
    client.send(Buffer.concat([clientFrame(opcode.text, "hello"), clientFrame(opcode.binary, "hi"), closeFrame(1000)]));
    expect(wordsIn(await client.rest())).to.deep.equal(['text "hello"', "binary 6869", "close 1000"]);
  });

  for (const [token, answer] of [
    ["foo/2", "foo/2 GET /x \r\n"],
    ["echo/1", "GET /x\r\n"],
  ] as const) {
    it(`RFC 9110 section 7.8: ${token} is spoken as well`, () =>
      expectSwitch(client.send(upgradeTo(token)), token, answer));
  }
});
