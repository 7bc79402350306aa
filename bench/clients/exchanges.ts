import { scriptOf } from "../suites/script.ts";
import type { Workload } from "../suites/workload.ts";
import { type Count, newCount, type Task } from "./client.ts";
import { Link } from "./link.ts";
import { rehearse } from "./rehearsal.ts";

const atOnce = 32;

/** Clients that say a script over and over, and count the bytes of the answers. */
export class Exchanges {
  readonly counts: Count[] = [];
  readonly #port: number;
  readonly #workload: Workload;
  readonly #opening: Buffer | undefined;
  readonly #says: Buffer;
  #openingBytes = 0;
  #answerBytes = 0;

  constructor({ port, workload }: Task) {
    const { opening, unit } = scriptOf(workload);
    this.#port = port;
    this.#workload = workload;
    this.#opening = opening?.says;
    this.#says = Buffer.concat(Array<Buffer>(workload.inFlight).fill(unit.says));
  }

  /** Reads one conversation in full: of the others bytes are counted only. */
  async rehearse(): Promise<void> {
    const heard = await rehearse(this.#port, this.#workload);
    this.#openingBytes = heard.opening;
    this.#answerBytes = heard.unit;
  }

  /** Opens so many connections, some at once: no server's queue of new ones overflows. */
  async open(count: number): Promise<Link[]> {
    const links: Link[] = [];
    let left = count;
    const lane = async (): Promise<void> => {
      while (left-- > 0) {
        links.push(await this.#opened());
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    return links;
  }

  async begin(): Promise<void> {
    const { does, connections } = this.#workload;
    if (does === "connections") {
      for (let lane = 0; lane < connections; lane++) {
        this.#reconnect(this.#newCount());
      }
      return;
    }
    const links = await this.open(connections);
    if (does === "broadcast") {
      this.#repeat(links, this.#newCount());
    } else {
      for (const link of links) {
        this.#repeat([link], this.#newCount());
      }
    }
  }

  #newCount(): Count {
    const count = newCount();
    this.counts.push(count);
    return count;
  }

  #opened(): Promise<Link> {
    return new Promise((resolve) => {
      const ready = (link: Link): void => {
        if (this.#opening === undefined) {
          resolve(link);
          return;
        }
        link.heard = countdown(this.#openingBytes, () => resolve(link));
        link.socket.write(this.#opening);
      };
      new Link({ port: this.#port, secure: this.#workload.secure, ready });
    });
  }

  /** The first link speaks, all are answered. */
  #repeat(links: readonly Link[], count: Count): void {
    const messages = this.#workload.inFlight * links.length;
    const says = this.#says;
    const { socket } = links[0]!;
    const heard = countdown(this.#answerBytes * messages, () => {
      count.done += messages;
      socket.write(says);
    });
    for (const link of links) {
      link.heard = heard;
    }
    socket.write(says);
  }

  #reconnect(count: Count): void {
    const ready = (link: Link): void => {
      link.heard = countdown(this.#answerBytes, () => {
        count.done++;
        link.close(() => this.#reconnect(count));
      });
      link.socket.write(this.#says);
    };
    new Link({ port: this.#port, secure: this.#workload.secure, ready });
  }
}

/** Calls `then` each time that so many bytes have come; one too many throws. */
function countdown(bytes: number, then: () => void): (heard: number) => void {
  let left = bytes;
  return (heard) => {
    left -= heard;
    if (left > 0) {
      return;
    }
    if (left < 0) {
      throw new Error(`${-left} bytes more than expected`);
    }
    left = bytes;
    then();
  };
}
