import time, math, functools, resource
def cpu():
    r = resource.getrusage(resource.RUSAGE_SELF); return r.ru_utime + r.ru_stime
def bench(name, f):
    c = cpu(); f(); print("%s\t%.4f" % (name, cpu()-c), flush=True)
def fib(n): return n if n < 2 else fib(n-1) + fib(n-2)
bench("fib(32)", lambda: fib(32))
def fl():
    s = 0.0
    for i in range(10_000_000): s += i * 0.5
bench("float loop 1e7", fl)
xs = [0.0]*10_000_000
def sm():
    s = 0.0
    for x in xs: s += x
bench("sum []float64 1e7", sm)
def tr():
    ys = [0.0]*len(xs)
    for i, x in enumerate(xs): ys[i] = x*2+1
bench("transform 1e7", tr)
def matmul(n):
    mk = lambda: [[float(i+j) for j in range(n)] for i in range(n)]
    a, b, c = mk(), mk(), mk()
    for i in range(n):
        ai = a[i]
        for j in range(n):
            s = 0.0
            for k in range(n): s += ai[k]*b[k][j]
            c[i][j] = s
bench("matmul 200", lambda: matmul(200))
def kmeans(n, d, k, rounds):
    seed = 1; pts = []
    for i in range(n):
        p = []
        for j in range(d):
            seed = (seed*1664525+1013904223) & 0xffffffff
            p.append((seed >> 8)/(1 << 24))
        pts.append(p)
    cent = [list(p) for p in pts[:k]]
    for r in range(rounds):
        sm = [[0.0]*d for _ in range(k)]; cnt = [0]*k
        for p in pts:
            best, bd = 0, math.inf
            for c, q in enumerate(cent):
                dist = 0.0
                for j, x in enumerate(p):
                    t = x - q[j]; dist += t*t
                if dist < bd: best, bd = c, dist
            cnt[best] += 1
            s = sm[best]
            for j, x in enumerate(p): s[j] += x
        for c in range(k):
            if cnt[c]:
                for j in range(d): cent[c][j] = sm[c][j]/cnt[c]
bench("k-means 1e5x4 5 rounds", lambda: kmeans(100000, 4, 4, 5))
def sieve(n):
    c = bytearray(n+1); cnt = 0
    for i in range(2, n+1):
        if not c[i]:
            cnt += 1
            for j in range(i*i, n+1, i): c[j] = 1
    return cnt
bench("sieve 2e6", lambda: sieve(2_000_000))
def mandel(n):
    total = 0
    for py in range(n):
        for px in range(n):
            x0, y0 = px/n*3-2, py/n*2-1; x = y = 0.0; i = 0
            while i < 100 and x*x+y*y <= 4:
                x, y = x*x-y*y+x0, 2*x*y+y0; i += 1
            total += i
    return total
bench("mandelbrot 200", lambda: mandel(200))
def ss():
    s = 0.0
    for i in range(1_000_000): s += math.sqrt(i)+math.sin(i)
bench("Sqrt+Sin 1e6", ss)
text = b"the quick brown fox jumps over the lazy dog\n"*(16*2**20//44)
def by():
    counts = [0]*256
    for c in text: counts[c] += 1
bench("bytes of 16 MB", by)
class Acc:
    __slots__ = ('n', 'sum')
    def __init__(s): s.n = 0; s.sum = 0
    def add(s, x): s.n += 1; s.sum += x
    def mean(s): return s.sum//s.n
def me():
    a = Acc(); t = 0
    for i in range(1_000_000): a.add(i); t += a.mean()
bench("methods 2e6", me)
def rnd(n):
    s = 1; x = []
    for i in range(n):
        s = (s*1664525+1013904223) & 0xffffffff; x.append(s >> 8)
    return x
sx = rnd(1000000)
bench("sort.Slice 1e6", lambda: sx.sort(key=lambda v: v))
sy = rnd(1000000)
bench("slices.SortFunc 1e6", lambda: sy.sort(key=functools.cmp_to_key(lambda a, b: (a > b)-(a < b))))
def build():
    b = []
    for i in range(1_000_000):
        b.append("line "); b.append(str(i)); b.append(" %d\n" % (i*2))
    return "".join(b)
bench("build 1e6 lines", build)
lines = "".join("p%d read %d\n" % (i % 1000, i) for i in range(1_000_000))
def sp():
    m = {}
    for l in lines.split("\n"):
        f = l.split()
        if len(f) == 3: m[f[0]] = m.get(f[0], 0)+int(f[2])
bench("split/Fields/Atoi 1e6", sp)
def ms():
    keys = ["a", "b", "c", "d", "e", "f", "g", "h"]; m = {}
    for i in range(1_000_000):
        k = keys[i & 7]; m[k] = m.get(k, 0)+1
bench("map[string]int 1e6", ms)
def mi():
    m = {}
    for i in range(1_000_000):
        k = i & 1023; m[k] = m.get(k, 0)+i
bench("map[int]int 1e6", mi)
class Sq:
    def __init__(s, x): s.s = x
    def area(s): return s.s*s.s
class Ci:
    def __init__(s, x): s.r = x
    def area(s): return s.r*s.r*3
def ic():
    sh = [Sq(1.0), Ci(2.0)]; t = 0.0
    for i in range(1_000_000): t += sh[i & 1].area()
bench("interface calls 1e6", ic)
def gm(): functools.reduce(lambda b, a: b+a, map(lambda x: float(x), rnd(1000000)), 0.0)
bench("generic Map/Reduce 1e6", gm)
def cc():
    n = 0
    def inc(d):
        nonlocal n
        n += d
        return n
    for i in range(1_000_000): inc(i)
bench("closure calls 1e6", cc)

import queue, threading
def ch():
    a, b = queue.SimpleQueue(), queue.SimpleQueue()
    def work():
        while (x := a.get()) is not None: b.put(x + 1)
    t = threading.Thread(target=work); t.start()
    for i in range(100_000): a.put(i); b.get()
    a.put(None); t.join()
bench("channel 1e5", ch)
