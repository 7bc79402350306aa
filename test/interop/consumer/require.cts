import turnout = require("turnout");
import echo = require("turnout/echo");
import example = require("turnout/example");
import http2 = require("turnout/http2");
import metrics = require("turnout/metrics");
import testing = require("turnout/testing");
import tls = require("turnout/tls");
import websocket = require("turnout/websocket");

const server: turnout.Server = turnout.createServer({
  protocols: [
    new echo.EchoProtocol(),
    new example.ExampleProtocol(),
    new http2.Http2Protocol(),
    new tls.TlsProtocol(turnout.selfSigned()),
    new websocket.WebSocketProtocol(),
  ],
  respond: () => ({ body: "required" }),
});

server.listen({ port: 0, host: "127.0.0.1" }).then(async (at) => {
  const url = typeof at === "string" ? at : `http://127.0.0.1:${at.port}`;
  const response = await fetch(url, { headers: { Connection: "close" } });
  console.log(response.status, await response.text(), typeof testing.contract, typeof metrics.prometheus);
  await server.close();
});
