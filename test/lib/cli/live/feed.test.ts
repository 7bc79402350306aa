import { expect } from "chai";
import { EchoProtocol } from "turnout/echo";
import { Feed, maxWatchers, type Watcher } from "../../../../lib/cli/live/feed.ts";
import { type PortState, peerOf, type TrackState } from "../../../../lib/cli/live/port-state.ts";
import { expectSwitch, nextClosed, turns, upgradeTo } from "../../../support/exchanges.ts";
import type { RawClient } from "../../../support/raw-client.ts";
import { type Serving, serving } from "../../../support/serving.ts";

/** Longer than any test: what is shown is shown because the test asks for it. */
const never = 2 ** 30;

/** A page that keeps what it is shown. */
class Page implements Watcher {
  ready = true;
  readonly peer: string;
  readonly states: PortState[] = [];

  constructor(peer = "nobody") {
    this.peer = peer;
  }

  show(state: PortState): void {
    this.states.push(state);
  }

  get last(): PortState {
    return this.states.at(-1)!;
  }

  track(name: string): TrackState {
    return this.last.tracks.find((track) => track.name === name)!;
  }
}

describe("what the pages are shown of a port", () => {
  const feeding = (test: (feed: Feed, serving: Serving) => Promise<void>): Promise<void> =>
    serving({ protocols: [new EchoProtocol()], respond: () => ({ body: "hello" }) }, (all) => {
      const feed = new Feed(["echo"], never);
      const end = feed.observe(all.server);
      return test(feed, all).finally(end);
    });

  /** A page that has been shown its first state. */
  const watching = async (feed: Feed, page = new Page()): Promise<Page> => {
    feed.watch(page);
    await turns(2);
    expect(page.states).to.have.length(1);
    return page;
  };

  const switched = async (serving: Serving): Promise<RawClient> => {
    const client = await serving.connect();
    await expectSwitch(client.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
    return client;
  };

  it("a page is shown the state at once, with what is spoken and what is not", () =>
    feeding(async (feed) => {
      const page = await watching(feed);
      expect(page.last).to.include({ open: 0, accepted: 0, answered: 0 });
      expect(page.last.tracks.map(({ name, spoken }) => [name, spoken])).to.deep.equal([
        ["http", true],
        ["websocket", false],
        ["http2", false],
        ["tls", false],
        ["echo", true],
        ["example", false],
      ]);
    }));

  it("a connection on its way: HTTP/1.1, then the 101, then its end", () =>
    feeding(async (feed, all) => {
      const page = await watching(feed);
      const client = await all.connect();
      await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").response();
      feed.show();
      expect(page.track("http")).to.include({ open: 1, total: 1 });
      expect(page.last).to.include({ open: 1, accepted: 1, answered: 1 });
      const [first] = page.last.connections;
      expect(first).to.deep.include({
        track: ["HTTP/1.1"],
        closedAfterMs: undefined,
        within: undefined,
        bytesRead: 27,
      });
      await expectSwitch(client.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
      feed.show();
      expect(page.track("http")).to.include({ open: 0, total: 1 });
      expect(page.track("echo")).to.include({ open: 1, total: 1 });
      expect(page.track("echo").p50Ms).to.be.above(0);
      expect(page.last.connections[0]!.track).to.deep.equal(["HTTP/1.1", "echo/1"]);
      const closed = nextClosed(all.server);
      await client.end().rest();
      await closed;
      feed.show();
      expect(page.track("http")).to.include({ open: 0, total: 1 });
      expect(page.track("echo")).to.include({ open: 0, total: 1, bytesRead: 6 });
      expect(page.last.connections).to.have.length(1);
      expect(page.last.connections[0]!.closedAfterMs).to.be.a("number");
      expect(page.last.open).to.equal(0);
    }));

  it("a connection that came and went between two states is among the latest", () =>
    feeding(async (feed, all) => {
      const page = await watching(feed);
      const closed = nextClosed(all.server);
      const client = await switched(all);
      await client.end().rest();
      await closed;
      feed.show();
      expect(page.last.connections.map(({ track }) => track)).to.deep.equal([["HTTP/1.1", "echo/1"]]);
    }));

  it("nothing is shown where nothing has changed", () =>
    feeding(async (feed, all) => {
      await switched(all);
      const page = await watching(feed);
      feed.show();
      feed.show();
      expect(page.states).to.have.length(1);
      feed.changed();
      feed.show();
      expect(page.states).to.have.length(2);
    }));

  it("bytes alone are a change, but for those of the pages' own connections", () =>
    feeding(async (feed, all) => {
      const client = await switched(all);
      const page = await watching(feed);
      await client.send("hello").take(5);
      feed.show();
      expect(page.states).to.have.length(2);
      const own = await switched(all);
      const peer = peerOf(all.server.connections().at(-1)!);
      const other = await watching(feed, new Page(peer));
      feed.show();
      const [before, beforeOther] = [page.states.length, other.states.length];
      await own.send("hello").take(5);
      feed.show();
      expect([page.states.length, other.states.length]).to.deep.equal([before, beforeOther]);
    }));

  it("a page that has not taken the last state is shown the next one when it has", () =>
    feeding(async (feed, all) => {
      const [slow, quick] = [await watching(feed), await watching(feed)];
      slow.ready = false;
      await switched(all);
      feed.show();
      await switched(all);
      feed.show();
      expect([slow.states.length, quick.states.length]).to.deep.equal([1, 3]);
      slow.ready = true;
      feed.show();
      expect([slow.states.length, quick.states.length]).to.deep.equal([2, 3]);
      expect(slow.track("echo").open).to.equal(2);
    }));

  it("a further page does not have the others shown anything before their time", () =>
    feeding(async (feed, all) => {
      const page = await watching(feed);
      await switched(all);
      await watching(feed);
      expect(page.states).to.have.length(1);
    }));

  it("the latest 16 connections are shown, the newest first", () =>
    feeding(async (feed, all) => {
      for (let count = 0; count < 18; count++) {
        await switched(all);
      }
      const page = await watching(feed);
      const ids = page.last.connections.map(({ id }) => id);
      expect(ids).to.deep.equal(Array.from({ length: 16 }, (_, at) => 18 - at));
      expect(page.track("echo").open).to.equal(18);
    }));

  it("a page that has left is shown nothing, and makes room for another", () =>
    feeding(async (feed, all) => {
      const pages = Array.from({ length: maxWatchers }, () => new Page());
      for (const page of pages) {
        expect(feed.full).to.equal(false);
        feed.watch(page);
      }
      expect(feed.full).to.equal(true);
      await turns(2);
      feed.unwatch(pages[0]!);
      expect(feed.full).to.equal(false);
      await switched(all);
      feed.show();
      expect([pages[0]!.states.length, pages[1]!.states.length]).to.deep.equal([1, 2]);
    }));

  it("what happens on another server is none of its business", () =>
    feeding(async (feed) => {
      const page = await watching(feed);
      await serving({ protocols: [new EchoProtocol()] }, async (other) => {
        await switched(other);
        feed.show();
        expect(page.states).to.have.length(1);
      });
    }));

  it("the timer shows it, too", () =>
    serving({ protocols: [new EchoProtocol()] }, async (all) => {
      const feed = new Feed(["echo"], 1);
      const end = feed.observe(all.server);
      const page = new Page();
      let shown = (): void => {};
      const seen = new Promise<void>((resolve) => {
        shown = resolve;
      });
      page.show = ({ open }) => {
        if (open === 1) {
          shown();
        }
      };
      feed.watch(page);
      await switched(all);
      await seen;
      feed.unwatch(page);
      end();
    }));
});
