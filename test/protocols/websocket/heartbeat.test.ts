import { expect } from "chai";
import { Heartbeat, type Silence } from "../../../protocols/websocket/heartbeat.ts";
import type { WebSocketTimeouts } from "../../../protocols/websocket/options.ts";

const never = Number.POSITIVE_INFINITY;

function heartbeat(timeouts: Partial<WebSocketTimeouts>, now = 0): Heartbeat {
  return new Heartbeat({ pingMs: never, pongMs: never, idleMs: never, closeMs: 0, drainWindowMs: 0, ...timeouts }, now);
}

/** What is said at each of these times. */
function said(beat: Heartbeat, ...times: readonly number[]): Silence[] {
  return times.map((now) => beat.ask(now));
}

describe("Heartbeat", () => {
  it("RFC 6455 section 5.5.2: a client that is silent is pinged once, and then waited for", () => {
    const beat = heartbeat({ pingMs: 30, pongMs: 20 }, 100);
    expect(said(beat, 100, 129, 130, 131, 149)).to.deep.equal(["wait", "wait", "ping", "wait", "wait"]);
    expect(said(beat, 150, 1000)).to.deep.equal(["dead", "dead"]);
  });

  it("any sign of life answers the ping, and begins anew", () => {
    const beat = heartbeat({ pingMs: 30, pongMs: 20 });
    expect(said(beat, 30)).to.deep.equal(["ping"]);
    beat.heard();
    expect(said(beat, 49, 50, 78)).to.deep.equal(["wait", "wait", "wait"]);
    expect(said(beat, 79, 98, 99)).to.deep.equal(["ping", "wait", "dead"]);
  });

  it("a sign of life that came before the question counts, however late that is asked", () => {
    const beat = heartbeat({ pingMs: 30, pongMs: 20 });
    expect(said(beat, 30)).to.deep.equal(["ping"]);
    beat.heard();
    expect(said(beat, 1000, 1029, 1030)).to.deep.equal(["wait", "wait", "ping"]);
  });

  it("a client that is heard all the time is never pinged", () => {
    const beat = heartbeat({ pingMs: 30, pongMs: 20 });
    for (let now = 0; now < 500; now += 10) {
      beat.heard();
      expect(beat.ask(now)).to.equal("wait");
    }
  });

  it("messages keep it from being idle, bytes do not", () => {
    const beat = heartbeat({ idleMs: 50 });
    beat.heard();
    expect(said(beat, 49)).to.deep.equal(["wait"]);
    beat.spoken();
    expect(said(beat, 49, 98)).to.deep.equal(["wait", "wait"]);
    beat.heard();
    expect(said(beat, 99)).to.deep.equal(["idle"]);
  });

  it("idle goes before dead", () => {
    const beat = heartbeat({ pingMs: 10, pongMs: 20, idleMs: 30 });
    expect(said(beat, 10, 29, 30)).to.deep.equal(["ping", "wait", "idle"]);
  });

  it("a client that was not listened to is excused: for its silence, and for the pong", () => {
    const beat = heartbeat({ pingMs: 30, pongMs: 20, idleMs: 100 });
    expect(said(beat, 30)).to.deep.equal(["ping"]);
    beat.excuse(60);
    expect(said(beat, 80, 89, 90)).to.deep.equal(["wait", "wait", "ping"]);
    beat.excuse(100);
    expect(said(beat, 129, 130, 149, 150)).to.deep.equal(["wait", "ping", "wait", "dead"]);
    beat.excuse(151);
    beat.heard();
    expect(said(beat, 180, 209, 210)).to.deep.equal(["wait", "wait", "ping"]);
    beat.heard();
    expect(said(beat, 250, 251)).to.deep.equal(["wait", "idle"]);
  });

  for (const [what, timeouts, says] of [
    ["all", {}, "wait"],
    ["pings", { pongMs: 1 }, "wait"],
    ["all but pings", { pingMs: 1 }, "ping"],
    ["all but idle", { idleMs: 1 }, "idle"],
  ] as const) {
    it(`Infinity switches off: ${what}`, () => {
      expect(said(heartbeat(timeouts), 1e12)).to.deep.equal([says]);
    });
  }

  it("without a limit for the pong, it is waited for for ever", () => {
    const beat = heartbeat({ pingMs: 1 });
    expect(said(beat, 1, 2, 1e12)).to.deep.equal(["ping", "wait", "wait"]);
  });
});
