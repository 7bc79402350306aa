import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { requireClient, run } from "../support/client-program.ts";
import { answerTo, assertSwitchedOnce, speakingHttp2, summaryOf } from "../support/interop-http2.ts";

/** The JDK's client as it comes: it offers h2c with the first request in clear text. */
const source = `
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.*;
import java.util.concurrent.CompletableFuture;

public class Client {
  static final HttpClient client = HttpClient.newHttpClient();

  /** Requests in turn, or, behind the first, at one time. Each is a path; a POST's has its bytes behind it, chunked with a +. */
  public static void main(String[] args) throws Exception {
    URI base = URI.create(args[0]);
    boolean together = args[1].equals("together");
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (String asked : Arrays.asList(args).subList(2, args.length)) {
      String[] parts = asked.split(" ");
      HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(parts[0]));
      if (parts.length > 1) {
        request.POST(content(parts[1]));
      }
      answers.add(client.sendAsync(request.build(), BodyHandlers.ofString()));
      if (!together || answers.size() == 1) {
        answers.get(answers.size() - 1).join();
      }
    }
    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      HttpResponse<String> response = answer.join();
      System.out.print(response.statusCode() + " " + response.version() + " " + response.body());
    }
  }

  static BodyPublisher content(String length) {
    byte[] bytes = new byte[Integer.parseInt(length.replace("+", ""))];
    return length.startsWith("+")
        ? BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes))
        : BodyPublishers.ofByteArray(bytes);
  }
}
`;

describe("the JDK's HttpClient, HTTP/2", () => {
  let folder: string;
  let file: string;

  before(async function () {
    requireClient(this, "javac", "--version"); // java alone does not run a source file
    requireClient(this, "java", "--version");
    folder = await mkdtemp(join(tmpdir(), "turnout-java-"));
    file = join(folder, "Client.java");
    await writeFile(file, source);
    const { code, stderr } = await run("javac", ["-d", folder, file]);
    assert.equal(code, 0, stderr);
  });

  after(async () => {
    if (folder !== undefined) {
      await rm(folder, { recursive: true });
    }
  });

  /** The lines that it prints: status, version and body of each answer. */
  const java = async (...args: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await run("java", ["-cp", folder, "Client", ...args]);
    assert.equal(code, 0, stderr);
    return stdout.toString().trimEnd().split("\n");
  };

  const said = (method: string, target: string, length = 0, version = "2"): string =>
    version === "2"
      ? `200 HTTP_2 ${answerTo(method, target, "2.0", length).trimEnd()}`
      : `200 HTTP_1_1 ${answerTo(method, target, "1.1", length).trimEnd()}`;

  for (const { title, asked, expected } of [
    { title: "GET", asked: ["/a?b=c"], expected: [said("GET", "/a?b=c")] },
    { title: "POST", asked: ["/echo 5"], expected: [said("POST", "/echo", 5)] },
    { title: "POST of 60,000 bytes", asked: ["/echo 60000"], expected: [said("POST", "/echo", 60_000)] },
    { title: "POST in chunks", asked: ["/echo +50000"], expected: [said("POST", "/echo", 50_000)] },
    { title: "two GETs on one connection", asked: ["/1", "/2"], expected: [said("GET", "/1"), said("GET", "/2")] },
    {
      title: "GET, POST of 1 MB, POST of 1 MB in pieces, and GET on one connection",
      asked: ["/1", "/2 1000000", "/3 +1000000", "/4"],
      expected: [said("GET", "/1"), said("POST", "/2", 1e6), said("POST", "/3", 1e6), said("GET", "/4")],
    },
  ]) {
    it(`${title}: answered over HTTP/2`, () =>
      speakingHttp2(async (server) => {
        assert.deepEqual(await java(server.url, "in turn", ...asked), expected);
        assert.deepEqual(
          summaryOf(server.seen),
          expected.map((line) => line.replace("200 HTTP_2 ", "")),
        );
        const { request } = server.switched[0]!;
        assert.isTrue(request.headers.has("http2-settings"));
        assert.deepEqual([...request.offers], ["h2c"]);
        assertSwitchedOnce(server);
      }));
  }

  it("50 requests at one time, behind one that switches: on its connection", () =>
    speakingHttp2(async (server) => {
      const asked = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? `/${index}` : `/${index} ${index}`));
      const expected = asked.map((_, index) =>
        said(index % 2 === 0 ? "GET" : "POST", `/${index}`, (index % 2) * index),
      );
      assert.deepEqual(await java(server.url, "together", ...asked), expected);
      assert.lengthOf(server.seen, 50);
      assertSwitchedOnce(server);
    }));

  it("POST of 200,000 bytes: answered over HTTP/1.1, and the next request over HTTP/2", () =>
    speakingHttp2(async (server) => {
      assert.deepEqual(await java(server.url, "in turn", "/1 200000", "/2"), [
        said("POST", "/1", 200_000, "1.1"),
        said("GET", "/2"),
      ]);
      assertSwitchedOnce(server);
    }));
});
