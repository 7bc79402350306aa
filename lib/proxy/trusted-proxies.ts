import { BlockList, isIP, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { UsageError } from "../errors.ts";

/** From whom a PROXY header comes. */
export interface ProxyOptions {
  /**
   * Addresses (`"10.1.2.3"`), subnets (`"fd00::/8"`), lists of them (`net.BlockList`), and `"unix"`, which stands for whoever
   * connects to a UNIX socket. Their header is mandatory. From everybody else none is read.
   */
  readonly from: BlockList | readonly (string | BlockList)[];
}

/** Who is trusted to say for whom it connects. */
export class TrustedProxies {
  readonly #lists: BlockList[] = [];
  #unix = false;

  /** Throws a `UsageError` for what is neither an address nor a subnet. */
  constructor({ from }: ProxyOptions) {
    const own = new BlockList();
    this.#lists.push(own);
    if (!(from instanceof BlockList) && !Array.isArray(from)) {
      throw new UsageError("ERR_TURNOUT_OPTION", "proxy.from has to be a list of addresses, or a BlockList");
    }
    for (const entry of from instanceof BlockList ? [from] : from) {
      if (entry instanceof BlockList) {
        this.#lists.push(entry);
      } else if (entry === "unix") {
        this.#unix = true;
      } else {
        add(own, entry);
      }
    }
  }

  includes(stream: Duplex): boolean {
    if (!(stream instanceof Socket)) {
      return false;
    }
    const { remoteAddress } = stream;
    if (remoteAddress !== undefined) {
      const family = isIP(remoteAddress) === 4 ? "ipv4" : "ipv6";
      return this.#lists.some((list) => list.check(remoteAddress, family));
    }
    // A socket of TCP that the client has reset already has no remote address either; but it has a local one.
    return this.#unix && stream.localAddress === undefined;
  }
}

function add(list: BlockList, entry: string): void {
  const [address, prefix, ...more] = String(entry).split("/") as [string, ...string[]];
  const version = isIP(address);
  const family = version === 4 ? "ipv4" : "ipv6";
  const length = Number(prefix);
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && length <= (version === 4 ? 32 : 128));
  if (version === 0 || more.length > 0 || !isPrefix) {
    throw new UsageError("ERR_TURNOUT_OPTION", `proxy.from: ${JSON.stringify(entry)} is no address and no subnet`);
  }
  if (prefix === undefined) {
    list.addAddress(address, family);
  } else {
    list.addSubnet(address, length, family);
  }
}
