(function () {
  var svg = document.documentElement;
  if (svg.localName !== "svg") return; // inside a page the picture stays still
  var glyphs = GLYPHS, em = EM, size = SIZE, x0 = X0, width = WIDTH, top = TOP, ink = "INK", hit = "HIT";
  var ns = "http://www.w3.org/2000/svg", link = "http://www.w3.org/1999/xlink";
  var frames = Array.prototype.slice.call(svg.querySelectorAll("g.frame"));
  function num(g, name) { return +g.getAttribute("data-" + name); }
  function measure(text) {
    var w = 0;
    for (var c of text) w += (glyphs[c] || glyphs["?"])[1];
    return w * size / em;
  }
  function write(text, x, y, color) {
    var g = document.createElementNS(ns, "g"), at = 0, s = size / em;
    g.setAttribute("class", "label");
    g.setAttribute("fill", color);
    g.setAttribute("transform", "matrix(" + [s, 0, 0, -s, x, y].join(" ") + ")");
    for (var c of text) {
      var glyph = glyphs[c] || glyphs["?"];
      if (glyph[0]) {
        var use = document.createElementNS(ns, "use");
        use.setAttributeNS(link, "xlink:href", "#" + glyph[0]);
        use.setAttribute("x", at);
        g.appendChild(use);
      }
      at += glyph[1];
    }
    return g;
  }
  function relabel(g, x, w) {
    var old = g.querySelector("g.label"), text = g.getAttribute("data-name");
    if (old) g.removeChild(old);
    if (measure(text) > w - 5) {
      text = Array.from(text);
      while (text.length && measure(text.join("") + "…") > w - 5) text.pop();
      if (text.length < 2) return;
      text = text.join("") + "…";
    }
    g.appendChild(write(text, x + 2.5, num(g, "y"), g.getAttribute("data-ink")));
  }
  function zoom(to) {
    var x = to ? num(to, "x") : x0, w = to ? num(to, "w") : width, depth = to ? num(to, "depth") : 0, slack = 1e-3;
    frames.forEach(function (g) {
      var gx = num(g, "x"), gw = num(g, "w"), below = num(g, "depth") < depth;
      var shown = below ? gx <= x + slack && gx + gw >= x + w - slack : gx >= x - slack && gx + gw <= x + w + slack;
      g.style.display = shown ? "" : "none";
      if (!shown) return;
      g.style.opacity = below ? 0.5 : 1;
      var from = below ? gx : x, k = width / (below ? gw : w), at = x0 + (gx - from) * k;
      // The gap between neighbors stays what it is, whatever the zoom.
      var stretch = (gw * k - Math.min(0.5, gw * k * 0.1)) / (gw - Math.min(0.5, gw * 0.1));
      g.querySelectorAll("path").forEach(function (p) {
        p.setAttribute("transform", "matrix(" + [stretch, 0, 0, 1, at - gx * stretch, 0].join(" ") + ")");
        p.setAttribute("vector-effect", "non-scaling-stroke");
      });
      relabel(g, at, gw * k);
    });
    back.style.display = to && num(to, "depth") > 0 ? "" : "none";
  }
  // A box, since a page may not let a picture within it ask in a window.
  var box = document.createElementNS("http://www.w3.org/1999/xhtml", "input"), frame = document.createElementNS(ns, "foreignObject");
  box.setAttribute("placeholder", "find a frame");
  box.setAttribute("title", "text or a regular expression");
  box.setAttribute("style", "display:block;font:7px sans-serif;width:80px;height:14px;margin:0;padding:1px 3px;border:0.5px solid gray;box-sizing:border-box");
  frame.setAttribute("x", x0 + width - 80); frame.setAttribute("y", top - 10);
  frame.setAttribute("width", 80); frame.setAttribute("height", 14);
  frame.appendChild(box);
  svg.appendChild(frame);
  function search() {
    var term = box.value, re;
    try { re = new RegExp(term, "i"); } catch (e) { re = { test: function (s) { return s.indexOf(term) >= 0; } }; }
    mark(term ? re : null);
  }
  box.addEventListener("input", search);
  function mark(re) {
    var sum = 0, end = -1;
    frames.slice().sort(function (a, b) {
      return num(a, "x") - num(b, "x") || num(a, "depth") - num(b, "depth");
    }).forEach(function (g) {
      var p = g.querySelector("path"), found = re && re.test(g.getAttribute("data-name"));
      if (!g.hasAttribute("data-fill")) g.setAttribute("data-fill", p.getAttribute("fill"));
      p.setAttribute("fill", found ? hit : g.getAttribute("data-fill"));
      if (found && num(g, "x") >= end - 1e-3) { // not within a frame that is counted already
        sum += num(g, "w");
        end = num(g, "x") + num(g, "w");
      }
    });
    if (result) svg.removeChild(result);
    result = re ? svg.appendChild(write((100 * sum / width).toFixed(1) + " % found", x0 + width - 150, top, ink)) : null;
  }
  function button(text, x, act) {
    var g = write(text, x, top, ink), area = document.createElementNS(ns, "rect"), s = em / size;
    area.setAttribute("x", -4 * s); area.setAttribute("y", -4 * s);
    area.setAttribute("width", (measure(text) + 8) * s); area.setAttribute("height", 15 * s);
    area.setAttribute("fill", "transparent"); area.setAttribute("stroke", ink); area.setAttribute("stroke-width", 0.5 * s);
    area.setAttribute("rx", 3 * s);
    g.appendChild(area);
    g.style.cursor = "pointer";
    g.addEventListener("click", act);
    return svg.appendChild(g);
  }
  var result = null, back = button("Reset zoom", x0 + width - 230, function () { zoom(null); });
  back.style.display = "none";
  frames.forEach(function (g) {
    g.style.cursor = "pointer";
    g.addEventListener("click", function () { zoom(g); });
  });
  document.addEventListener("keydown", function (e) {
    if (e.key === "/" || (e.ctrlKey || e.metaKey) && e.key === "f") { if (e.target !== box || e.key !== "/") { e.preventDefault(); box.focus(); } }
    if (e.key === "Escape") { zoom(null); box.value = ""; mark(null); }
  });
  svg.flame = { zoom: zoom, mark: mark };
})();
