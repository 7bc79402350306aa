import { expect } from "chai";
import type { Answered, OriginalRequest, Transport } from "turnout";
import { type ContractScript, contract } from "turnout/testing";
import { codeOf } from "../../support/failures.ts";
import { fastForward } from "../../support/fast-forward.ts";
import { type LineOptions, LineProtocol } from "../../support/modules.ts";

const script: ContractScript = { target: "/x", input: "ping" };

/** Runs the suite for a module; gives the titles of the cases that fail, each with what failed it. */
async function verdicts(options: LineOptions, how = script, only = /(?:)/): Promise<Map<string, unknown>> {
  const failed = new Map<string, unknown>();
  for (const { title, run } of contract(() => new LineProtocol(["own/1"], options), how)) {
    if (only.test(title)) {
      await run().catch((error: unknown) => failed.set(title, error));
    }
  }
  return failed;
}

/** The same in memory, where no time has to go by for a wait to be in vain. */
async function verdictsInMemory(options: LineOptions, how = script): Promise<Map<string, unknown>> {
  const failed = new Map<string, unknown>();
  for (const { title, run } of contract(() => new LineProtocol(["own/1"], options), how)) {
    if (/ over memory$|in two/.test(title)) {
      await fastForward(run).catch((error: unknown) => failed.set(title, error));
    }
  }
  return failed;
}

/** Whether it is the contract that was broken, or a wait for the module that failed. */
function isVerdict(error: unknown): boolean {
  return codeOf(error) === "ERR_TURNOUT_CONTRACT" || /waited in vain|reset/.test(String(error));
}

type TakeOver = (request: OriginalRequest, transport: Transport<undefined>) => Answered;

const takesOver = (onData: (chunk: Buffer, transport: Transport<undefined>) => void): TakeOver => {
  return (_request, transport) => {
    transport.onData = (chunk) => onData(chunk, transport);
    return transport.answer("hello\n");
  };
};

const sayNothing = (() => undefined) as unknown as TakeOver;

describe("contract", () => {
  it("has a case for each wire, and each title once", () => {
    const titles = contract(() => new LineProtocol(["own/1"])).map(({ title }) => title);
    expect(new Set(titles).size).to.equal(titles.length);
    for (const wire of ["memory", "TCP", "TLS"]) {
      expect(titles.filter((title) => title.endsWith(` over ${wire}`)).length).to.equal(9);
    }
  });

  it("a module that does it right passes, with or without a known output", async function () {
    this.timeout(10_000);
    expect([...(await verdicts({}))]).to.deep.equal([]);
    const output = "own/1 GET /x\r\nping";
    expect([...(await verdicts({}, { ...script, output }))]).to.deep.equal([]);
  });

  const sayingNo = (): never => {
    throw new Error("no");
  };
  const wrong: readonly {
    readonly title: string;
    readonly options: LineOptions;
    readonly script?: ContractScript;
    /** Of the cases that fail, some that have to. */
    readonly fails: readonly RegExp[];
  }[] = [
    {
      title: "answers by the chunk, not by the byte",
      options: { takeOver: takesOver((chunk, transport) => transport.write(`${chunk.length}\n`)) },
      fails: [/byte by byte/, /in two/],
    },
    {
      title: "says something else than the script says",
      options: {},
      script: { ...script, output: "own/1 GET /x\r\npong" },
      fails: [/answers the original request/, /byte by byte/, /waits for the 101/, /reads late/, /in two/],
    },
    {
      title: "does not switch",
      options: { methods: ["POST"] },
      fails: [/answers the original request/, /drains once/, /takeOver throws/, /accept decides/, /in two/],
    },
    {
      title: "gives no receipt",
      options: { takeOver: sayNothing },
      fails: [/answers the original request/, /byte by byte/, /in two/],
    },
    {
      title: "throws at the data",
      options: { takeOver: takesOver(sayingNo) },
      fails: [/answers the original request/, /byte by byte/, /waits for the 101/, /in two/],
    },
    {
      title: "destroys the connection at the end",
      options: {
        takeOver: (_request, transport) => {
          transport.onEnd = () => transport.destroy(new Error("no"));
          return transport.answer("hello\n");
        },
      },
      fails: [/answers the original request/, /ends when the client does/],
    },
    {
      title: "never ends when the client does",
      options: { halfClose: "manual" },
      fails: [/answers the original request/, /byte by byte/, /reads late/, /ends when the client does/, /in two/],
    },
    { title: "throws when it drains", options: { drain: sayingNo }, fails: [/drains once/] },
    { title: "does nothing when it drains", options: { drain: () => {} }, fails: [/drains once/] },
    {
      title: "destroys the connection when it drains",
      options: { drain: (transport) => transport.destroy(new Error("no")) },
      fails: [/drains once/],
    },
  ];
  for (const { title, options, script: how, fails } of wrong) {
    it(`a module that ${title} fails`, async () => {
      const failed = await verdictsInMemory(options, how);
      const titles = [...failed.keys()];
      for (const pattern of fails) {
        expect(
          titles.some((one) => pattern.test(one)),
          String(pattern),
        ).to.equal(true);
      }
      for (const [one, error] of failed) {
        expect(isVerdict(error), `${one}: ${String(error)}`).to.equal(true);
      }
    });
  }

  it("a module that is wrong when it drains fails there only, over every wire", async () => {
    const failed = await verdicts({ drain: sayingNo });
    expect([...failed.keys()].map((title) => title.replace(/.* over /, ""))).to.deep.equal(["memory", "TCP", "TLS"]);
    expect([...failed.values()].map(codeOf)).to.deep.equal(Array(3).fill("ERR_TURNOUT_CONTRACT"));
  });

  for (const wire of ["TCP", "TLS"]) {
    it(`a module that gives no receipt fails over ${wire}, too`, async () => {
      const failed = await verdicts({ takeOver: sayNothing }, script, new RegExp(`original request over ${wire}`));
      expect([...failed.values()].map(codeOf)).to.deep.equal(["ERR_TURNOUT_CONTRACT"]);
    });
  }
});
