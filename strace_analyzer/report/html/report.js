"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 200, FEW = 5;
  const [PROCESS, FD, KIND, LOCAL, PEER, VERDICT, OUTCOME, LINE, SOURCE, OPEN, LASTED, TRAIL] = Array(12).keys();
  const text = (at) => data.strings[at];
  const number = (value) => value.toLocaleString("en-US");

  function make(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "class") node.className = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  }

  // A table of which 200 rows are in the page: searched, sorted and turned over in memory.
  function table(host, title, columns, rows, about) {
    let order = rows.map((_, at) => at);
    let words = null;
    let sorted = null;
    let page = 0;
    if (rows.length === 0) {
      host.classList.add("none");
      host.append("None.");
      return;
    }
    const id = `search-${title.toLowerCase().replaceAll(/\W+/g, "-")}`;
    const search = make("input", { type: "search", id, oninput: () => { page = 0; choose(); } });
    const count = make("output", { for: id });
    const back = make("button", { type: "button", onclick: () => { page -= 1; draw(); } }, "Previous");
    const on = make("button", { type: "button", onclick: () => { page += 1; draw(); } }, "Next");
    const where = make("span", {});
    const pages = make("span", { class: "pages" }, back, where, on);
    const body = make("tbody", {});
    const heads = columns.map((column, at) => {
      const name = column.replace(/^[>#]/, "");
      const head = make("th", { scope: "col" }, make("button", { type: "button", onclick: () => sort(at) }, name));
      if (/^[>#]/.test(column)) head.className = "number";
      return head;
    });
    const caption = make("caption", { class: "hidden" }, title);
    const whole = make("table", {}, caption, make("thead", {}, make("tr", {}, ...heads)), body);
    host.append(
      make("div", { class: "bar-of-tools", ...(rows.length > FEW ? {} : { hidden: "" }) }, make("label", { for: id }, "Search"), search, count, pages),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, table` }, whole),
    );

    function choose() {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      words ??= rows.map((row) => row.join(" ").toLowerCase());
      order = [];
      for (let at = 0; at < rows.length; at += 1) if (wanted.every((word) => words[at].includes(word))) order.push(at);
      if (sorted) arrange();
      draw();
    }
    function sort(column) {
      const down = sorted && sorted.column === column ? !sorted.down : columns[column].startsWith(">");
      sorted = { column, down };
      heads.forEach((head, at) => {
        if (at === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      page = 0;
      arrange();
      draw();
    }
    function arrange() {
      const { column, down } = sorted;
      const sign = down ? -1 : 1;
      const numbers = /^[>#]/.test(columns[column]);
      const compare = new Intl.Collator("en", { numeric: true }).compare;
      order.sort((one, other) => {
        const a = rows[one][column], b = rows[other][column];
        const by = numbers ? (a ?? -1) - (b ?? -1) : compare(a, b);
        return by * sign || one - other;
      });
    }
    function draw() {
      const last = Math.max(0, Math.ceil(order.length / PAGE) - 1);
      page = Math.min(Math.max(page, 0), last);
      const none = make("tr", {}, make("td", { colspan: String(columns.length) }, "Nothing matches."));
      if (order.length === 0) body.replaceChildren(none);
      else body.replaceChildren(...order.slice(page * PAGE, (page + 1) * PAGE).map(row));
      count.textContent = order.length === rows.length ? `${number(rows.length)} rows` : `${number(order.length)} of ${number(rows.length)} rows`;
      pages.hidden = last === 0;
      where.textContent = `page ${page + 1} of ${last + 1}`;
      back.disabled = page === 0;
      on.disabled = page === last;
    }
    function row(at) {
      const cells = columns.map((column, index) => {
        const shown = rows[at][index];
        const cell = make("td", {}, shown == null ? "-" : typeof shown === "number" && !column.startsWith("#") ? number(shown) : String(shown));
        if (/^[>#]/.test(column)) cell.className = "number";
        else if (String(shown).length < 28) cell.className = "tight";
        else cell.className = "long";
        return cell;
      });
      if (about) about(at, cells);
      return make("tr", {}, ...cells);
    }
    draw();
  }

  const dialog = document.getElementById("trail");
  document.getElementById("close").addEventListener("click", () => dialog.close());
  function show(at) {
    const socket = data.sockets[at];
    const peer = text(socket[PEER]);
    document.getElementById("trail-title").textContent = `fd ${socket[FD]}${peer === "-" ? "" : ` to ${peer}`}`;
    document.getElementById("trail-about").textContent =
      `${text(socket[PROCESS])}; ${text(socket[KIND])}; ${data.verdicts[socket[VERDICT]][1]}; ${text(socket[SOURCE])}`;
    dialog.querySelector("tbody").replaceChildren(...socket[TRAIL].map(([line, call, after]) => make("tr", {},
      make("td", { class: "number" }, number(line)),
      make("td", { class: "number tight" }, after == null ? "-" : `${(after / 1000).toFixed(3)} ms`),
      make("td", {}, text(call)))));
    dialog.showModal();
  }

  const SOCKETS = ["#Line", "Process", "#fd", "Kind", "Local", "Peer", "Verdict", "Outcome", ">Open for"];
  const rows = data.sockets.map((s) => [
    s[LINE], text(s[PROCESS]), s[FD], text(s[KIND]), text(s[LOCAL]), text(s[PEER]), data.verdicts[s[VERDICT]][1], text(s[OUTCOME]), s[OPEN],
  ]);
  for (const host of document.querySelectorAll("[data-table]")) {
    const name = host.dataset.table;
    const title = host.parentElement.querySelector("h2").textContent;
    if (name === "sockets") {
      table(host, title, SOCKETS, rows, (at, cells) => {
        const line = number(data.sockets[at][LINE]);
        cells[0].replaceChildren(make("button", { type: "button", "aria-label": `Calls of the socket of line ${line}`, onclick: () => show(at) }, line));
        cells[6].classList.add(data.verdicts[data.sockets[at][VERDICT]][0]);
        if (data.sockets[at][OPEN] != null) cells[8].textContent = text(data.sockets[at][LASTED]);
      });
    } else {
      const { columns, rows: some } = data.tables[name];
      table(host, title, columns, some);
    }
  }

  document.querySelectorAll(".lane svg").forEach((svg, lane) => {
    svg.addEventListener("click", (event) => {
      const box = svg.getBoundingClientRect();
      const { width, height } = svg.viewBox.baseVal;
      const x = ((event.clientX - box.left) / box.width) * width;
      const row = Math.floor((((event.clientY - box.top) / box.height) * height) / 10);
      const near = (bar) => Math.max(bar[0] - x, x - bar[1], 0) + 1e6 * Math.abs(bar[2] - row);
      show(data.lanes[lane].reduce((best, bar) => (near(bar) < near(best) ? bar : best))[3]);
    });
  });

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const plots = [];
  const FONT = "12px system-ui, sans-serif";
  function plot(figure, chart, at) {
    const host = figure.querySelector(".plot");
    const output = figure.querySelector("output");
    const unit = (value) => (chart.timed ? `${Number(value.toFixed(3))} s` : `call ${number(Math.round(value))}`);
    const axis = () => ({ stroke: () => colour("--faint"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { stroke: () => colour("--line") } });
    const stepped = uPlot.paths.stepped({ align: 1 });
    const series = (label, name) => ({ label, stroke: () => colour(name), width: 2, paths: stepped, points: { show: chart.at.length < 3 } });
    const made = new uPlot({
      width: host.clientWidth || 600, height: 240, legend: { show: false },
      scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(1, Math.ceil(high * 1.08))] } },
      cursor: { drag: { x: true, y: false } },
      axes: [{ ...axis(), label: chart.timed ? "since the trace began" : "calls of the trace", labelSize: 22, labelFont: FONT, font: FONT, values: (_, values) => values.map(unit) }, { ...axis(), label: "local ports", labelSize: 20, labelFont: FONT, font: FONT, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000], values: (_, values) => values.map(number) }],
      series: [{}, { ...series("taken by bind()", "--pinned"), fill: () => `${colour("--pinned")}40` }, series("needed", "--needed"), { ...series("range", "--bar-error"), dash: [6, 4], show: false, paths: undefined }],
      hooks: { setCursor: [(u) => {
        const i = u.cursor.idx;
        output.textContent = i == null ? "" : `${unit(chart.at[i])}: ${number(chart.held[i])} taken by bind(), ${number(chart.needed[i])} needed`;
      }] },
    }, [chart.at, chart.held, chart.needed, chart.at.map(() => chart.range)], host);
    plots.push({ made, host });
    const first = chart.at[0], last = chart.at.at(-1);
    const zoom = (factor) => {
      const { min, max } = made.scales.x;
      const middle = (min + max) / 2, half = Math.min(((max - min) / 2) * factor, (last - first) / 2);
      made.setScale("x", { min: Math.max(first, middle - half), max: Math.min(last, middle + half) });
    };
    figure.querySelector(".zoom-in").addEventListener("click", () => zoom(0.5));
    figure.querySelector(".zoom-out").addEventListener("click", () => zoom(2));
    figure.querySelector(".show-all").addEventListener("click", () => made.setScale("x", { min: first, max: last }));
    figure.querySelector(".with-range").addEventListener("change", (event) => made.setSeries(3, { show: event.target.checked }));
    const points = chart.at.map((when, i) => [Number(when.toFixed(6)), chart.held[i], chart.needed[i]]);
    table(figure.querySelector(".table"), `Ports over time ${at + 1}`, [chart.timed ? "#Seconds" : "#Call", ">Taken by bind()", ">Needed without it"], points);
  }
  document.querySelectorAll("figure.chart").forEach((figure, at) => plot(figure, data.charts[at], at));
  new ResizeObserver(() => plots.forEach(({ made, host }) => host.clientWidth && made.setSize({ width: host.clientWidth, height: 240 }))).observe(document.getElementById("main"));

  const root = document.documentElement;
  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  function theme(name) {
    root.dataset.theme = name;
    button.textContent = name === "dark" ? "Light" : "Dark";
    plots.forEach(({ made }) => made.redraw(false));
  }
  // Paper is light: also the chart, which is drawn.
  let shown = null;
  addEventListener("beforeprint", () => { shown = root.dataset.theme; theme("light"); });
  addEventListener("afterprint", () => { if (shown) theme(shown); shown = null; });
  button.addEventListener("click", () => theme(root.dataset.theme === "dark" ? "light" : "dark"));
  dark.addEventListener("change", () => theme(dark.matches ? "dark" : "light"));
  theme(dark.matches ? "dark" : "light");
  root.dataset.ready = String(Math.round(performance.now()));
})();
