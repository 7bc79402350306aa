import { once } from "node:events";
import { expect } from "chai";
import type { HttpRequest, ResponseLike, Server, ServerOptions, TransportError } from "turnout";
import { losingNothing } from "./lost-rejections.ts";
import { modulesUnderTest } from "./modules.ts";
import type { RawClient, SeenResponse } from "./raw-client.ts";
import { type Serving, serving } from "./serving.ts";

/** A request that offers `protocols`, and does all that RFC 9110 section 7.8 asks of it. */
export function upgradeTo(protocols: string, requestLine = "GET /x HTTP/1.1"): string {
  return `${requestLine}\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: ${protocols}\r\n\r\n`;
}

/** A request with content that offers `protocols`; `framing` are its further field lines. */
export function postWithUpgradeTo(protocols: string, framing: string, content = ""): string {
  return `POST /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: ${protocols}\r\n${framing}\r\n\r\n${content}`;
}

/** An ordinary request, to see whether the connection still speaks HTTP/1.1. */
export const getTwo = "GET /two HTTP/1.1\r\nHost: h\r\n\r\n";

/** All that a 101 is, where the module adds no field. */
export function switchingHead(upgrade: string): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${upgrade}\r\nConnection: Upgrade\r\n\r\n`;
}

export const continueHead = "HTTP/1.1 100 Continue\r\n\r\n";

/** The application of the server under test: 200 with method, target and the content's length. */
export async function describeRequest(request: HttpRequest): Promise<ResponseLike> {
  const content = await request.bytes();
  return { body: `${request.method} ${request.target} ${content.length}\n` };
}

/** The options of the server under test. */
export function optionsUnderTest(): ServerOptions {
  return { protocols: modulesUnderTest(), respond: describeRequest };
}

/** Runs `test` against the server under test, of which `options` may change something. */
export function underTest(test: (serving: Serving) => Promise<void>, options: ServerOptions = {}): Promise<void> {
  return losingNothing(() => serving({ ...optionsUnderTest(), ...options }, test));
}

/** Responses as they were on the wire, but for what the clock says. */
export function withoutDates(bytes: string): string {
  return bytes.replaceAll(/Date: [^\r]*\r\n/g, "");
}

/** The wire bytes of a 200 of {@link describeRequest}, without its date. */
export function described(line: string, connection = ""): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${line.length + 1}\r\n${connection}\r\n${line}\n`;
}

/** The next bytes are the 101 that names `upgrade` and nothing else, then `answer`, and then the protocol goes on. */
export async function expectSwitch(client: RawClient, upgrade: string, answer: string): Promise<void> {
  expect(await client.takeUntil("\r\n\r\n")).to.equal(switchingHead(upgrade));
  expect(await client.take(answer.length)).to.equal(answer);
  client.send("ping\r\n");
  expect(await client.takeUntil("\r\n")).to.equal("ping\r\n");
}

/** The next bytes are a 200 of {@link describeRequest} that says `line`, and names no protocol. */
export async function expectOrdinary(client: RawClient, line: string): Promise<SeenResponse> {
  const response = await client.response();
  expect(response.body).to.equal(`${line}\n`);
  expect(response.status).to.equal(200);
  expect(response.all("upgrade")).to.deep.equal([]);
  return response;
}

/** The request was answered over HTTP/1.1 as if it had offered nothing, and the connection stays. */
export async function expectIgnored(client: RawClient, line = "GET /x 0"): Promise<void> {
  expect((await expectOrdinary(client, line)).all("connection")).to.deep.equal([]);
  client.send(getTwo);
  await expectOrdinary(client, "GET /two 0");
}

/** The request was refused with `status`, the connection is closed, and nothing else was said. */
export async function expectRefused(client: RawClient, status: number): Promise<SeenResponse> {
  const response = await client.response();
  expect(response.status).to.equal(status);
  expect(response.field("connection")).to.equal("close");
  expect(response.all("upgrade")).to.deep.equal([]);
  expect(await client.rest()).to.equal("");
  return response;
}

/** The longest that one wait may take before it fails. */
const patienceMs = 10_000;

/** A promise, and the function that settles it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    setTimeout(() => reject(new Error("waited in vain for a gate to open")), patienceMs).unref();
  });
  opened.catch(() => {}); // where the test has failed already, nobody waits any more
  return { opened, open };
}

/** Waits until the server tells that the next connection is closed; gives its error. */
export function nextClosed(server: Server): Promise<TransportError | undefined> {
  const closed = once(server, "closed", { signal: AbortSignal.timeout(patienceMs) }).then(([error]) => error);
  closed.catch(() => {});
  return closed;
}

/** Lets the event loop turn, for what it would do next to be done: to see that something does not happen. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
