import { BlockList, Socket } from "node:net";
import { duplexPair } from "node:stream";
import { expect } from "chai";
import { createServer } from "turnout";
import { type ProxyOptions, TrustedProxies } from "../../../lib/proxy/trusted-proxies.ts";
import { failureOf } from "../../support/failures.ts";

/** A socket with these addresses, which a real one has of the system. */
function socket(remoteAddress?: string, localAddress = remoteAddress): Socket {
  return Object.defineProperties(new Socket(), {
    remoteAddress: { value: remoteAddress },
    localAddress: { value: localAddress },
  });
}

const blockList = new BlockList();
blockList.addSubnet("203.0.113.0", 24, "ipv4");
blockList.addRange("2001:db8::1", "2001:db8::9", "ipv6");

const cases: readonly (readonly [from: ProxyOptions["from"], is: readonly string[], isNot: readonly string[]])[] = [
  [["127.0.0.1"], ["127.0.0.1", "::ffff:127.0.0.1"], ["127.0.0.2", "::1", "::ffff:127.0.0.2"]],
  [["10.0.0.0/8"], ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["9.255.255.255", "11.0.0.0"]],
  [["10.1.2.3/8"], ["10.9.9.9"], ["11.1.2.3"]],
  [["192.0.2.1/32"], ["192.0.2.1"], ["192.0.2.0", "192.0.2.2"]],
  [["0.0.0.0/0"], ["0.0.0.1", "255.255.255.255"], ["2001:db8::1"]],
  [["::1"], ["::1"], ["::2", "127.0.0.1"]],
  [["fd00::/8"], ["fd12:3456::1"], ["fc00::1", "fe80::1"]],
  [["FD00:0::1/128"], ["fd00::1"], ["fd00::2"]],
  [["192.0.2.1", "::1", "fd00::/8"], ["192.0.2.1", "::1", "fd00::5"], ["192.0.2.2"]],
  [blockList, ["203.0.113.9", "2001:db8::5"], ["203.0.114.1", "2001:db8::a"]],
  [[blockList, "::1"], ["203.0.113.9", "::1"], ["203.0.114.1"]],
  [[], [], ["127.0.0.1", "::1"]],
  [["unix"], [], ["127.0.0.1", "::1"]],
];

describe("TrustedProxies", () => {
  for (const [from, is, isNot] of cases) {
    it(from instanceof BlockList ? "a BlockList" : JSON.stringify(from), () => {
      const proxies = new TrustedProxies({ from });
      for (const address of is) {
        expect(proxies.includes(socket(address)), address).to.equal(true);
      }
      for (const address of isNot) {
        expect(proxies.includes(socket(address)), address).to.equal(false);
      }
    });
  }

  it("a list that is changed later counts as it is then", () => {
    const list = new BlockList();
    const proxies = new TrustedProxies({ from: list });
    expect(proxies.includes(socket("192.0.2.1"))).to.equal(false);
    list.addAddress("192.0.2.1");
    expect(proxies.includes(socket("192.0.2.1"))).to.equal(true);
  });

  it("only with unix a socket without addresses", () => {
    expect(new TrustedProxies({ from: ["unix"] }).includes(socket())).to.equal(true);
    expect(new TrustedProxies({ from: ["0.0.0.0/0", "::/0"] }).includes(socket())).to.equal(false);
  });

  it("never a socket of TCP whose other end is gone, nor a stream that is no socket", () => {
    const proxies = new TrustedProxies({ from: ["unix", "0.0.0.0/0"] });
    expect(proxies.includes(socket(undefined, "127.0.0.1"))).to.equal(false);
    expect(proxies.includes(duplexPair()[0])).to.equal(false);
  });

  for (const entry of [
    "localhost",
    "",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "1.2.3.4 ",
    "UNIX",
  ]) {
    it(`${JSON.stringify(entry)} is neither an address nor a subnet`, () => {
      expect(failureOf(() => createServer({ proxy: { from: [entry] } }))).to.include({
        name: "UsageError",
        code: "ERR_TURNOUT_OPTION",
      });
    });
  }

  for (const from of [undefined, "10.0.0.0/8", 5, [5], {}]) {
    it(`${JSON.stringify(from)} is no list`, () => {
      expect(failureOf(() => createServer({ proxy: { from } as unknown as ProxyOptions }))).to.include({
        code: "ERR_TURNOUT_OPTION",
      });
    });
  }
});
