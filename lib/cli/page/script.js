const byId = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** An element with text or children. */
function element(name, className, ...children) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

function svgElement(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) {
    made.setAttribute(attribute, value);
  }
  return made;
}

/** `1234567` as `1.2 MB`. */
function inBytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = count < 1000 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), units.length - 1);
  const value = count / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

function inMs(ms) {
  return ms < 1000 ? `${ms.toFixed(ms < 1 ? 2 : ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

// The diagram: rails from the port to each row of the table, drawn anew where the rows move.

const rows = [...document.querySelectorAll("tr[data-track]")];
const columns = ["open", "total", "in", "out", "p50", "p99"];
const rails = new Map(
  rows.map((row) => {
    for (const says of columns) {
      const cell = element("td", "none", "–");
      cell.dataset.says = says;
      row.append(cell);
    }
    const rail = svgElement("path", {});
    const lamp = svgElement("circle", { r: 7 });
    byId("lines").append(rail);
    byId("lamps").append(lamp);
    return [row.dataset.track, { row, rail, lamp }];
  }),
);

// On a phone the rows are boxes, and some browsers then forget that they are a table's.
const roles = {
  table: "table",
  "thead, tbody": "rowgroup",
  tr: "row",
  "thead th": "columnheader",
  "tbody th": "rowheader",
  td: "cell",
};
for (const [selector, role] of Object.entries(roles)) {
  for (const part of document.querySelectorAll(selector)) {
    part.setAttribute("role", role);
  }
}

function drawRails() {
  const box = byId("rails").getBoundingClientRect();
  const end = box.width - 9;
  const heights = rows.map((row) => {
    const { top, height } = row.getBoundingClientRect();
    return top + height / 2 - box.top;
  });
  const port = byId("port");
  const fromAbove = box.width < 120;
  const start = fromAbove ? 0 : port.offsetWidth;
  port.style.top = fromAbove ? "0" : `${heights[0] - port.offsetHeight / 2}px`;
  rows.forEach((row, at) => {
    const { rail, lamp } = rails.get(row.dataset.track);
    rail.setAttribute(
      "d",
      fromAbove ? railFromAbove(end, heights[at]) : railAlong(start, end, heights[0], heights[at], at),
    );
    lamp.setAttribute("cx", end);
    lamp.setAttribute("cy", heights[at]);
  });
}

/** The main line runs along the first row; the further down a track is, the earlier it leaves. */
function railAlong(start, end, main, height, at) {
  const leaves = start + (end - start) * (at === 0 ? 1 : 0.52 - at * 0.09);
  const bend = (end - leaves) * 0.5;
  return `M${start} ${main}H${leaves}C${leaves + bend} ${main} ${end - bend} ${height} ${end} ${height}`;
}

function railFromAbove(end, height) {
  return `M12 24V${height - 14}Q12 ${height} 26 ${height}H${end}`;
}

new ResizeObserver(drawRails).observe(byId("yard"));

/** A train leaves the port for a track, and its lamp shows when it has come. */
function sendTrain(name, delay) {
  const track = rails.get(name);
  if (track === undefined || calm.matches || document.hidden || byId("trains").children.length > 20) {
    return;
  }
  const train = svgElement("path", { class: "train", d: track.rail.getAttribute("d"), pathLength: 100 });
  train.style.strokeDasharray = "7 200";
  const timing = { duration: 900, delay, easing: "ease-in-out", fill: "both" };
  const run = train.animate([{ strokeDashoffset: 8 }, { strokeDashoffset: -93 }], timing);
  byId("trains").append(train);
  run.finished.then(() => {
    train.remove();
    track.lamp.classList.add("arriving");
    setTimeout(() => track.lamp.classList.remove("arriving"), 400);
  });
}

const trackOf = {
  "HTTP/1.1": "http",
  websocket: "websocket",
  h2c: "http2",
  h2: "http2",
  TLS: "tls",
  "echo/1": "echo",
  "example/1": "example",
  "foo/2": "example",
};

// What the port is doing

/** How much of each connection's track has been seen. */
let seen;

function showPort({ open, accepted, answered, tracks, connections }) {
  for (const track of tracks) {
    showTrack(track);
  }
  byId("totals").textContent = `${accepted} connections so far, ${open} of them open. ${answered} requests answered.`;
  const before = seen;
  seen = new Map(connections.map(({ id, track }) => [id, track.length]));
  if (before !== undefined) {
    for (const { id, track } of connections) {
      for (const [at, protocol] of track.slice(before.get(id) ?? 0).entries()) {
        sendTrain(trackOf[protocol], at * 500);
      }
    }
  }
  byId("connections").replaceChildren(...connections.map(connectionItem));
}

function showTrack({ name, spoken, open, total, bytesRead, bytesWritten, p50Ms, p99Ms }) {
  const { row, rail, lamp } = rails.get(name);
  const ms = (value) => (value === undefined ? "–" : inMs(value));
  // Streams of HTTP/2 do not count their bytes.
  const bytes = (count) => (bytesRead + bytesWritten === 0 ? "–" : inBytes(count));
  const texts = spoken
    ? [open, total, bytes(bytesRead), bytes(bytesWritten), ms(p50Ms), ms(p99Ms)]
    : ["off", "–", "–", "–", "–", "–"];
  texts.forEach((text, at) => {
    row.cells[at + 1].textContent = text;
    row.cells[at + 1].classList.toggle("none", text === "–");
  });
  for (const one of [row, rail, lamp]) {
    one.classList.toggle("lit", open > 0);
    one.classList.toggle("absent", !spoken);
  }
  if (open > 0) {
    byId("lines").append(rail); // above those that are not lit
  }
}

function connectionItem({ id, within, peer, track, bytesRead, bytesWritten, closedAfterMs }) {
  const isOpen = closedAfterMs === undefined;
  const line = element("span", "track");
  track.forEach((protocol, at) => {
    if (at > 0) {
      const via = viaOf(track[at - 1]);
      line.append(
        element("span", "arrow", "→"),
        ...(via ? [element("span", "via", via), element("span", "arrow", "→")] : []),
      );
    }
    line.append(protocol);
  });
  if (track.length === 0) {
    line.append("nothing yet");
  }
  if (peer === own) {
    line.append(element("span", "here", "this page"));
  }
  const bytes = within === undefined ? `${inBytes(bytesRead)} in, ${inBytes(bytesWritten)} out` : `within #${within}`;
  return element(
    "li",
    isOpen ? "open" : "",
    element("span", "id", `#${id}`),
    line,
    element("span", "peer", peer),
    element("span", "bytes", bytes),
    element("span", "state", isOpen ? "open" : `${inMs(closedAfterMs)}`),
  );
}

/** The status that a switch from a protocol is told with. */
function viaOf(protocol) {
  return { "HTTP/1.1": "101", h2: "200", h2c: "200" }[protocol];
}

// How the page switched

/** This page's own end of its connection. */
let own;

function showHandshake({ over, secure, request, response }, peer) {
  own = peer;
  const http2 = over === "HTTP/2";
  byId("own").textContent = http2
    ? "This page came over HTTP/2, and one of its streams has switched to WebSocket."
    : "This page has just done so: one of its connections speaks WebSocket now.";
  byId("how").textContent = http2
    ? "Over HTTP/2 there is no Upgrade: an extended CONNECT (RFC 8441) asks for WebSocket, and a 200 grants it. The fields are compressed on the wire; this is what they say."
    : `These are the bytes ${secure ? "inside TLS" : "on the wire"}. Behind the empty line of the 101, the same connection speaks WebSocket.`;
  byId("request").replaceChildren(...headLines(request));
  byId("response").replaceChildren(...headLines(response));
  byId("status").textContent = [http2 ? "HTTP/2" : "HTTP/1.1", http2 ? "200" : "101", "WebSocket"].join(" → ");
}

const telling = /^(?:connection|upgrade|sec-websocket-(?:key|accept|version)|:protocol|:status|:method)(?=: )/i;

function* headLines(text) {
  for (const [at, line] of text.split("\n").slice(0, -1).entries()) {
    const end = line.endsWith("\r") ? element("span", "end", "\\r\\n") : "";
    const said = line.replace("\r", "");
    const kind = at === 0 && end !== "" ? "first" : telling.test(said) ? "key" : "";
    yield element("span", kind, said);
    yield end;
    yield "\n";
  }
}

// The echo

const sent = [];

function showFrames({ received, sent: answered }) {
  const said = sent.shift() ?? "";
  const ways = [received && frameLine("sent", received), frameLine("received", answered)].filter(Boolean);
  byId("echoes").prepend(element("li", "", element("span", "said", said), ...ways));
  while (byId("echoes").children.length > 6) {
    byId("echoes").lastElementChild.remove();
  }
}

function frameLine(way, { hex, length }) {
  const bytes = hex.match(/../g);
  const second = Number.parseInt(bytes[1], 16);
  const extended = { 126: 2, 127: 8 }[second & 0x7f] ?? 0;
  const parts = [
    ["opcode", 1],
    ["length", 1 + extended],
    ["mask", second > 127 ? 4 : 0],
    ["payload", bytes.length],
  ];
  const codes = parts
    .map(([name, count]) => [name, bytes.splice(0, count).join(" ")])
    .filter(([, text]) => text !== "")
    .flatMap(([name, text]) => [element("code", name, text), " "]);
  const more = length - hex.length / 2;
  return element(
    "span",
    "frame",
    element("span", "way", way),
    ...codes,
    element("span", "more", more > 0 ? `and ${more} bytes more` : ""),
  );
}

// The WebSocket: text is an echo; what the server tells beside that comes as binary, which is JSON.

let socket;
let waitMs = 500;

function connect() {
  socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/live`);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => hear(data));
  socket.addEventListener("close", () => {
    document.body.classList.remove("live");
    byId("status").textContent = "not connected; trying again";
    sent.length = 0;
    setTimeout(connect, waitMs);
    waitMs = Math.min(waitMs * 2, 10_000);
  });
}

function hear(data) {
  if (typeof data === "string") {
    sent.push(data);
    return;
  }
  const { handshake, peer, port, frames } = JSON.parse(new TextDecoder().decode(data));
  if (handshake !== undefined) {
    waitMs = 500;
    seen = undefined;
    showHandshake(handshake, peer);
  }
  if (port !== undefined) {
    showPort(port);
    document.body.classList.add("live");
  }
  if (frames !== undefined) {
    showFrames(frames);
  }
}

byId("say").addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(byId("text").value);
    byId("text").select();
  }
});

// Commands to copy

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    await copy(button.previousElementSibling);
    button.textContent = "Copied";
    button.classList.add("done");
    byId("copied").textContent = "Copied";
    setTimeout(() => {
      button.textContent = "Copy";
      button.classList.remove("done");
      byId("copied").textContent = "";
    }, 1500);
  });
}

/** There is a clipboard only where the browser trusts the origin. */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
}

connect();
