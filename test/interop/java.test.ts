import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { requireClient, run } from "../support/client-program.ts";
import { exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";

/** The JDK's client as it comes: it offers h2c with every request in clear text. */
const source = `
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpResponse.BodyHandlers;

public class Client {
  public static void main(String[] args) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    URI base = URI.create(args[0]);
    for (int round = 0; round < 3; round++) {
      say(client.send(HttpRequest.newBuilder(base.resolve("/inspect")).build(), BodyHandlers.ofString()));
      say(client.send(HttpRequest.newBuilder(base.resolve("/echo"))
          .POST(HttpRequest.BodyPublishers.ofString("hello " + round)).build(), BodyHandlers.ofString()));
    }
    String large = "x".repeat(1_000_000);
    HttpResponse<String> echoed = client.send(HttpRequest.newBuilder(base.resolve("/echo"))
        .POST(HttpRequest.BodyPublishers.ofString(large)).build(), BodyHandlers.ofString());
    System.out.println(echoed.statusCode() + " " + echoed.version() + " " + echoed.body().equals(large));
    say(client.send(HttpRequest.newBuilder(base.resolve("/example")).build(), BodyHandlers.ofString()));
    say(client.send(HttpRequest.newBuilder(base.resolve("/status/204")).build(), BodyHandlers.ofString()));
  }

  static void say(HttpResponse<String> response) {
    System.out.println(response.statusCode() + " " + response.version() + " " + response.body().replaceAll("\\\\s+", " "));
  }
}
`;

describe("the JDK's HttpClient", () => {
  let server: Demonstration;
  let folder: string;

  before(async function () {
    requireClient(this, "javac", "--version"); // java alone does not run a source file
    requireClient(this, "java", "--version");
    server = await Demonstration.start("--quiet");
    folder = await mkdtemp(join(tmpdir(), "turnout-java-"));
  });

  after(async () => {
    if (server !== undefined) {
      assert.equal(await exitCodeOf(server), 0);
    }
    if (folder !== undefined) {
      await rm(folder, { recursive: true });
    }
  });

  it("java Client.java: offers h2c with its first request, and gets every answer over HTTP/2", async () => {
    const file = join(folder, "Client.java");
    await writeFile(file, source);
    const { code, stdout, stderr } = await run("java", [file, server.url]);
    assert.equal(code, 0, stderr);
    const lines = stdout.toString().trimEnd().split("\n");
    for (let round = 0; round < 3; round++) {
      assert.match(lines[2 * round]!, /^200 HTTP_2 .*"upgrade": \[ *\]/);
      assert.equal(lines[2 * round + 1], `200 HTTP_2 hello ${round}`);
    }
    assert.equal(lines[6], "200 HTTP_2 true");
    assert.match(lines[7]!, /^200 HTTP_2 Here the protocol example\/1/);
    assert.equal(lines[8]!.trimEnd(), "204 HTTP_2");
    assert.lengthOf(lines, 9);
  });
});
