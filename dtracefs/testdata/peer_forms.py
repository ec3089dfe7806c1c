"""Counts captures of the forms that the generator makes, in plain Python, for
comparison: what a user would write without dtnotes.

usage: peer_forms.py FORM FILE OUT

Prints the CPU seconds that reading the capture to the matrix took. Writes the
matrix to OUT as CSV: the second (since the epoch, or of the first day where the
capture tells no date), then a column for each source, in alphabetical order.
"""

import calendar
import csv
import json
import re
import sys
import time

MONTHS = {m: i for i, m in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}


def epoch(date):
    """date: as %Y prints it, in UTC."""
    year, month, day, clock = date.split()
    hours, minutes, seconds = clock.split(":")
    return calendar.timegm((int(year), MONTHS[month], int(day), int(hours), int(minutes), int(seconds)))


class Days:
    """Unwraps times of day."""

    def __init__(self):
        self.day, self.last = 0, 0

    def second(self, clock):
        hours, minutes, seconds = clock.split(":")
        second = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        if second < self.last:
            self.day += 86400
        self.last = second
        return self.day + second


def house(f, rows):
    for line in f:
        name, _, value = line.rpartition(" ")
        if name:
            kind, _, process = name.partition(" ")
            name = kind + "," + process
            row[name] = row.get(name, 0) + int(value)
        elif line != "\n":
            row = rows.setdefault(int(line) // 10**9, {})


def bpftrace(f, rows):
    for line in f:
        if line[0] == "@":
            keys, _, value = line[line.index("[") + 1 :].rpartition("]: ")
            kind, _, process = keys.partition(", ")
            name = kind + "," + process
            row[name] = row.get(name, 0) + int(value)
        elif line != "\n":
            row = rows.setdefault(int(line.partition(".")[0]), {})


def bpftrace_json(f, rows):
    for line in f:
        record = json.loads(line)
        if record["type"] == "printf":
            row = rows.setdefault(int(record["data"].partition(".")[0]), {})
        elif record["type"] == "map":
            for entries in record["data"].values():
                for name, value in entries.items():
                    row[name] = row.get(name, 0) + value


def log(f, rows):
    for line in f:
        words = line.split(" ")
        row = rows.setdefault(int(words[0]) // 10**9, {})
        name = words[-4] + "," + " ".join(words[4:-4])
        row[name] = row.get(name, 0) + 1


def pairs(f, rows):
    for line in f:
        name, _, value = line.rpartition(" ")
        if name:
            row[name] = row.get(name, 0) + int(value)
        else:
            row = rows.setdefault(int(line), {})


DATE = re.compile(r"\d{4} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d$")


def date_pairs(f, rows):
    for line in f:
        if DATE.match(line):
            row = rows.setdefault(epoch(line), {})
        else:
            name, _, value = line.rpartition(" ")
            row[name] = row.get(name, 0) + int(value)


def printa(f, rows):
    for line in f:
        if line.startswith("  "):
            name, _, value = line.strip().rpartition(" ")
            name = name.rstrip()
            row[name] = row.get(name, 0) + int(value)
        elif line != "\n":
            row = rows.setdefault(epoch(line), {})


def clock_map(f, rows):
    days = Days()
    for line in f:
        if line[0] == "@":
            name, _, value = line[line.index("[") + 1 :].rpartition("]: ")
            row[name] = row.get(name, 0) + int(value)
        elif line != "\n":
            row = rows.setdefault(days.second(line), {})


def clock_json(f, rows):
    days = Days()
    for line in f:
        record = json.loads(line)
        if record["type"] == "time":
            row = rows.setdefault(days.second(record["data"]), {})
        elif record["type"] == "map":
            for entries in record["data"].values():
                for name, value in entries.items():
                    row[name] = row.get(name, 0) + value


def csv_rows(f, rows):
    reader = csv.reader(f)
    next(reader)
    for second, name, value in reader:
        row = rows.setdefault(int(second), {})
        row[name] = row.get(name, 0) + int(value)


def jsonl(f, rows):
    for line in f:
        record = json.loads(line)
        row = rows.setdefault(record["ts"], {})
        name = record["syscall"] + "," + record["exec"]
        row[name] = row.get(name, 0) + record["count"]


def monotonic(f, rows):
    words = next(f).split()
    ahead = int(words[words.index("walltimestamp") + 1]) - int(words[words.index("timestamp") + 1])
    for line in f:
        stamp, _, rest = line.partition(" ")
        name = rest.rsplit(" ", 2)[0]
        row = rows.setdefault((int(stamp) + ahead) // 10**9, {})
        row[name] = row.get(name, 0) + 1


FORMS = {
    "house": house,
    "bpftrace": bpftrace,
    "bpftrace-json": bpftrace_json,
    "log": log,
    "pairs": pairs,
    "date-pairs": date_pairs,
    "printa": printa,
    "clock-map": clock_map,
    "clock-json": clock_json,
    "csv": csv_rows,
    "jsonl": jsonl,
    "monotonic": monotonic,
}


def matrix(rows):
    names = sorted(set().union(*rows.values()))
    return names, [[second] + [rows[second].get(name, 0) for name in names] for second in sorted(rows) if rows[second]]


form, path, out = sys.argv[1:]
begin = time.process_time()
counted = {}
with open(path, encoding="utf-8") as f:
    FORMS[form](f, counted)
sources, lines = matrix(counted)
print(time.process_time() - begin)
with open(out, "w", encoding="utf-8", newline="") as f:
    f.write("time" + "".join(',"%s"' % name for name in sources) + "\n")
    for line in lines:
        f.write(",".join(map(str, line)) + "\n")
