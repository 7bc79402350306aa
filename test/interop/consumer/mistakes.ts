/** What the compiler has to refuse. Where it does not, the expectation is the error. Never run. */
import { type Answered, createServer, type OriginalRequest, ProtocolModule, switchTo, type Transport } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { WebSocketProtocol } from "turnout/websocket";

abstract class Base extends ProtocolModule<{ readonly name: string }> {
  readonly tokens: readonly string[] = ["own/1"];
}

export class ForgetsToAnswer extends Base {
  // @ts-expect-error: there is no receipt
  takeOver(_request: OriginalRequest, transport: Transport): void {
    transport.write("no answer");
  }
}

export class ForgetsToReturn extends Base {
  // @ts-expect-error: the receipt is not returned
  async takeOver(_request: OriginalRequest, transport: Transport) {
    transport.answer("an answer");
  }
}

export class Forges extends Base {
  takeOver(): Answered {
    // @ts-expect-error: a receipt cannot be made
    return { owner: this };
  }
}

export class HasAnotherState extends Base {
  // @ts-expect-error: the state has a name and no number
  takeOver(_request: OriginalRequest, transport: Transport, { number }: { readonly number: string }): Answered {
    return transport.answer(number);
  }
}

export class DecidesOnAnotherState extends Base {
  // @ts-expect-error: the state has a name and no number
  override accept() {
    return switchTo({ number: 1 });
  }

  takeOver(_request: OriginalRequest, transport: Transport): Answered {
    return transport.answer("");
  }
}

// @ts-expect-error: it is `limits`
createServer({ limit: {} });
// @ts-expect-error: it is `maxHeadBytes`
createServer({ limits: { maxHeaderBytes: 1 } });
// @ts-expect-error: it is left out, or a number
createServer({ timeouts: { headMs: undefined } });
// @ts-expect-error: a response is no text
createServer({ respond: () => "hello" });
// @ts-expect-error: it is `message`
new WebSocketProtocol({ onmessage: () => {} });
// @ts-expect-error: it is "on", "off" or "direct-only"
new Http2Protocol({ upgrade: true });
// @ts-expect-error: it is `iAcceptDesync`
new TlsProtocol({ acceptDesync: true });
