(function () {
  var svg = document.documentElement;
  if (svg.localName !== "svg") return; // inside a page the picture stays still
  var data = DATA, ns = "http://www.w3.org/2000/svg", html = "http://www.w3.org/1999/xhtml";
  var all = function (s) { return Array.prototype.slice.call(svg.querySelectorAll(s)); };
  var size = svg.viewBox.baseVal, w = size.width, h = size.height;
  function foreign(x, y, width, height, child) {
    var f = document.createElementNS(ns, "foreignObject");
    f.setAttribute("x", x); f.setAttribute("y", y); f.setAttribute("width", width); f.setAttribute("height", height);
    f.appendChild(child);
    return svg.appendChild(f);
  }
  function at(e) {
    var p = svg.createSVGPoint();
    p.x = e.clientX; p.y = e.clientY;
    return p.matrixTransform(svg.getScreenCTM().inverse());
  }
  function name(g) { return g.getAttribute("data-name").toLowerCase(); }
  var box = document.createElementNS(html, "input"), named = all("[data-name]");
  box.setAttribute("placeholder", "find a source");
  box.setAttribute("style", "display:block;font:7px sans-serif;width:80px;height:14px;margin:0;padding:1px 3px;border:0.5px solid gray;box-sizing:border-box");
  function dim(off) {
    var term = box.value.toLowerCase();
    named.forEach(function (g) { g.style.opacity = off && off(g) || term && name(g).indexOf(term) < 0 ? 0.12 : ""; });
    all(".edge").forEach(function (g) { g.style.opacity = off && off(g) || term ? 0.12 : ""; });
  }
  box.addEventListener("input", function () { dim(); });
  // Names move with their nodes, and lines with both.
  all(".node").forEach(function (g) {
    g.addEventListener("pointerenter", function () {
      var i = g.getAttribute("data-n"), near = {};
      near[i] = true;
      all(".edge").forEach(function (e) {
        var s = e.getAttribute("data-s"), t = e.getAttribute("data-t");
        if (s === i) near[t] = true;
        if (t === i) near[s] = true;
      });
      dim(function (e) {
        return e.getAttribute("class") === "edge" ? e.getAttribute("data-s") !== i && e.getAttribute("data-t") !== i : !near[e.getAttribute("data-n")];
      });
    });
    g.addEventListener("pointerleave", function () { dim(); });
  });
  function clock(s) {
    var c = null;
    data.clocks.forEach(function (d) { if (s >= d[0]) c = d; });
    return c;
  }
  // Ticks of the still are too far apart once the axis is enlarged.
  var steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  function ticks(lo, hi) {
    var rows = data.rows, first = rows[0], last = rows[rows.length - 1], more = k > 1.5 && last[0] > first[0];
    all(".tick").forEach(function (g) { g.style.visibility = more ? "hidden" : ""; });
    all(".more").forEach(function (g) { svg.removeChild(g); });
    if (!more) return;
    var per = (last[1] - first[1]) / (last[0] - first[0]), from = first[1] + (x - first[0]) * per, to = from + (hi - lo) / k * per;
    var step = steps.filter(function (s) { return s * 6 >= to - from; })[0] || 86400, c = clock(from), base = c ? c[1] / 1000 : 0;
    for (var n = Math.ceil((base + from) / step); n * step <= base + to; n++) {
      var s = n * step - base, d = clock(s), px = lo + (s - from) / per * k, t = document.createElementNS(ns, "text");
      var label = d ? new Date(Math.round(d[1] + s * 1000)).toISOString().slice(11, step < 1 ? 23 : 19) : +s.toFixed(3) + " s";
      t.textContent = label + (d && d !== data.clocks[0] ? " " + d[2].split(" ")[0] : "");
      t.setAttribute("class", "more"); t.setAttribute("x", px); t.setAttribute("y", data.y1 + 16);
      t.setAttribute("style", "font:9px sans-serif;text-anchor:middle;fill:" + data.color + ";stroke:none");
      svg.appendChild(t);
    }
  }
  // What is shown is x to x + w / k, and for a graph y to y + h / k, of the still.
  var k = 1, x = 0, y = 0, from = null;
  function show() {
    k = Math.max(1, Math.min(200, k));
    var lo = data ? data.x0 : 0, hi = data ? data.x1 : w;
    x = Math.max(lo, Math.min(x, hi - (hi - lo) / k));
    y = Math.max(0, Math.min(y, h - h / k));
    if (!data) {
      svg.setAttribute("viewBox", [x, y, w / k, h / k].join(" "));
      return;
    }
    var place = function (v) { return lo + (v - x) * k; };
    all(".strand").forEach(function (g) {
      g.setAttribute("transform", "matrix(" + [k, 0, 0, 1, lo - x * k, 0].join(" ") + ")");
      g.querySelectorAll("path").forEach(function (p) { p.setAttribute("vector-effect", "non-scaling-stroke"); });
    });
    all(".when").forEach(function (g) {
      var to = place(+g.getAttribute("data-x"));
      g.setAttribute("transform", "translate(" + (to - g.getAttribute("data-x")) + ")");
      g.style.display = to < lo - 1 || to > hi + 1 ? "none" : "";
    });
    ticks(lo, hi);
  }
  svg.addEventListener("wheel", function (e) {
    if (!e.ctrlKey && !e.altKey) return; // the page scrolls
    e.preventDefault();
    var p = at(e), old = k, lo = data ? data.x0 : 0, ax = data ? x + (p.x - lo) / old : p.x;
    k *= Math.pow(1.002, -e.deltaY);
    k = Math.max(1, Math.min(200, k));
    x = ax - (ax - x) * old / k; y = p.y - (p.y - y) * old / k;
    show();
  }, { passive: false });
  svg.addEventListener("pointerdown", function (e) { if (e.target !== box) from = [e.clientX, e.clientY, x, y]; });
  svg.addEventListener("pointermove", function (e) {
    if (from) {
      var s = w / svg.getBoundingClientRect().width / k;
      x = from[2] - (e.clientX - from[0]) * s; y = from[3] - (e.clientY - from[1]) * s;
      show();
    }
    if (data) tell(at(e));
  });
  window.addEventListener("pointerup", function () { from = null; });
  svg.addEventListener("dblclick", function () { k = 1; x = y = 0; show(); });
  var rule = null, note = null, tip = null;
  function tell(p) {
    var in_ = p.x >= data.x0 && p.x <= data.x1 && p.y >= data.y0 && p.y <= data.y1;
    rule.style.display = tip.style.display = in_ ? "" : "none";
    if (!in_) return;
    var v = x + (p.x - data.x0) / k, rows = data.rows, lo = 0, hi = rows.length - 1;
    while (lo < hi) { // the last bucket that starts before the pointer
      var mid = (lo + hi + 1) >> 1;
      if (rows[mid][0] <= v) lo = mid; else hi = mid - 1;
    }
    var px = data.x0 + (rows[lo][0] - x) * k;
    rule.setAttribute("d", "M" + Math.max(px, data.x0) + " " + data.y0 + "V" + data.y1);
    var s = rows[lo][1], c = clock(s), when = c ? new Date(c[1] + s * 1000).toISOString().replace("T", " ").slice(0, 19) + " " + c[2] : s + " s";
    // A name from right to left must not take the number after it along.
    note.textContent = when + data.note + "\n" + data.names.map(function (n, i) { return "\u2068" + n + "\u2069  " + (rows[lo][i + 2] === null ? "–" : rows[lo][i + 2]); }).join("\n");
    tip.setAttribute("x", p.x > w / 2 ? p.x - 158 : p.x + 8);
    tip.setAttribute("y", data.y0);
  }
  if (data) {
    var clip = document.createElementNS(ns, "clipPath"), area = document.createElementNS(ns, "rect");
    clip.id = "plot";
    area.setAttribute("x", data.x0); area.setAttribute("width", data.x1 - data.x0);
    area.setAttribute("y", data.y0 - 2); area.setAttribute("height", data.y1 - data.y0 + 4);
    clip.appendChild(area);
    svg.appendChild(clip);
    all(".strand").forEach(function (g) { // the clip stays where it is while the strand moves
      var outer = document.createElementNS(ns, "g");
      outer.setAttribute("clip-path", "url(#plot)");
      g.parentNode.insertBefore(outer, g);
      outer.appendChild(g);
    });
    rule = svg.appendChild(document.createElementNS(ns, "path"));
    rule.setAttribute("stroke", "#888"); rule.style.display = "none"; rule.style.pointerEvents = "none";
    note = document.createElementNS(html, "div");
    note.setAttribute("style", "font:7px/1.3 sans-serif;white-space:pre;background:#fffd;color:#222;border:.5px solid #888;padding:2px 4px;width:max-content;max-width:142px;overflow:hidden");
    tip = foreign(0, 0, 155, Math.max(40, data.y1 - data.y0 + 40), note);
    tip.style.display = "none"; tip.style.pointerEvents = "none";
  }
  foreign(w - 82, 1, 82, 14, box);
})();
