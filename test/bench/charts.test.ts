import { expect } from "chai";
import { barChart, layoutOf } from "../../bench/results/bar-chart.ts";
import { groupsOf } from "../../bench/results/charted.ts";
import { lineChart, type Panel, scaleOf } from "../../bench/results/line-chart.ts";
import { type Point, themes, ticks } from "../../bench/results/svg.ts";

const entry = {
  date: "2026-01-01",
  node: "20.0.0",
  cpu: "a processor",
  cores: 2,
  form: "short",
  suites: {
    wire: { "keep-alive": { turnout: [0.7, 0.8, 0.9], "node:http": [0.3, 0.3, 0.3], "uWebSockets.js": [1, 1.1, 1.2] } },
    websocket: { "echo-32": { turnout: [0.9, 0.9, 1], ws: [0.7, 0.7, 0.7] } },
  },
} as const;

describe("bench: charts", () => {
  it("groups: the medians of what was measured; ws stands where node:http is for WebSocket", () => {
    expect(groupsOf(entry).map(({ values }) => values)).to.deep.equal([
      [0.8, 0.3, 1.1],
      [0.9, 0.7, undefined],
    ]);
  });

  it("bars are as long as what they stand for, and none lies upon another", () => {
    const { bars, labels, bottom } = layoutOf(groupsOf(entry));
    expect(bars).to.have.length(5);
    const [first] = bars;
    for (const [n, { value, width, y }] of bars.entries()) {
      expect(width / first!.width).to.be.closeTo(value / first!.value, 1e-9);
      expect(y).to.be.greaterThan(n === 0 ? 0 : bars[n - 1]!.y + 10);
    }
    expect(labels.map(({ y }) => y).every((y) => y < bottom)).to.equal(true);
  });

  it("ticks: round steps, from 0 to what is greatest or the next one behind it", () => {
    expect(ticks(2.4, 6)).to.deep.equal([0, 0.5, 1, 1.5, 2, 2.5]);
    expect(ticks(1.2, 6)).to.deep.equal([0, 0.2, 0.4, 0.6, 0.8, 1, 1.2]);
    expect(ticks(37, 4)).to.deep.equal([0, 10, 20, 30, 40]);
  });

  it("lines: equal steps for equal factors on a logarithmic axis, and for equal differences on the other one", () => {
    const box = { x: 100, y: 50, width: 200, height: 80 };
    const points = [10, 100, 1000].map((x) => ({ x, y: x === 10 ? 0 : 4 }));
    const panel: Panel = { title: "", grows: "", unit: "", logarithmic: true, lines: [{ name: "", points }] };
    const rounded = ({ x, y }: Point): Point => ({ x: Math.round(x), y: Math.round(y) });
    expect(points.map(scaleOf(panel, box)).map(rounded)).to.deep.equal([
      { x: 100, y: 130 },
      { x: 200, y: 50 },
      { x: 300, y: 50 },
    ]);
    expect(scaleOf({ ...panel, logarithmic: false }, box)({ x: 500, y: 2 })).to.deep.equal({ x: 200, y: 90 });
  });

  it("pictures: what has a meaning in XML is escaped, and all numbers are numbers", () => {
    const points = [
      { x: 1, y: 2 },
      { x: 2, y: 3 },
    ];
    const panel = { title: "a < b & c", grows: "", unit: "µs", logarithmic: true, lines: [{ name: "", points }] };
    const pictures = [
      barChart(groupsOf(entry), themes.light, 'a "caption"'),
      lineChart("title", [panel], themes.dark, "caption"),
    ];
    expect(pictures[1]).to.include("a &lt; b &amp; c");
    for (const picture of pictures) {
      expect(picture).not.to.match(/NaN|undefined|Infinity/);
      expect(picture.match(/<text/g)!.length).to.equal(picture.match(/<\/text>/g)!.length);
    }
  });
});
